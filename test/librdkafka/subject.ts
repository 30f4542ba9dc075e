/**
 * The broker or fleet that a run is against, in both scenarios of the suite: topics created on
 * demand, and not. A broker that died is started again, so that one test costs no others.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { BrokerProcess } from '../support/broker-process.ts'
import { openKafkajs } from '../support/clients/kafkajs.ts'
import { Fleet } from '../support/fleet.ts'
import { kafkaVersion } from '../support/install.ts'
import { KafkaProcess } from '../support/kafka-process.ts'
import { until } from '../support/until.ts'
import type { Scenario, Unit } from './suite.ts'

export type SubjectName = 'karst' | 'fleet' | 'kafka'

export const subjectNames: readonly SubjectName[] = ['karst', 'fleet', 'kafka']

export interface Subject {
  /** Of a fleet the next of its brokers each time: any of them must do. */
  readonly bootstrap: string
  /** Whether it has died since it was last asked. It runs again afterwards. */
  readonly revive: () => Promise<boolean>
  readonly close: () => Promise<void>
}

/**
 * TEST_KAFKA_VERSION of each: the tests of share groups begin at 4.2. Karst does not advertise
 * them yet, so they are skipped rather than run into their time limits.
 */
export const speaksLike: Record<SubjectName, string> = {
  karst: '4.1.0',
  fleet: '4.1.0',
  kafka: kafkaVersion,
}

/** Kafka's default, which ours is not: 0113 counts the rebalances of members that come together. */
const rebalanceDelayMs = '3000'

/** Compaction takes what is packed, every minute by default: 0077 waits for it for 20 s. */
const packWindowMs = '2000'

/** A broker that is silent for two seconds counts as dead, also right after its start. */
const heardMs = 3_000

const readyTimeoutMs = 60_000 // the suite keeps the machine busy

/** As librdkafka's own tests set Kafka up: 0081 and others create ACLs. */
const kafkaSettings = {
  'group.initial.rebalance.delay.ms': rebalanceDelayMs,
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found': 'true',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
}

/** How the brokers stand: as the suite's scenario says, or each in a rack that is named after it. */
export type Setting = Scenario | 'racks'

export const settings: readonly Setting[] = ['default', 'noautocreate', 'racks']

/** 0101 needs three racks; only a fleet has them. */
export function settingOf(name: SubjectName, { number, scenario }: Unit): Setting {
  return name === 'fleet' && number === '0101' ? 'racks' : scenario
}

export function openSubject(name: SubjectName, setting: Setting): Promise<Subject> {
  const autoCreate = String(setting !== 'noautocreate')
  if (name === 'kafka') return openKafka(autoCreate)
  const delay = ['--group-initial-rebalance-delay-ms', rebalanceDelayMs]
  const packing = ['--pack-window-ms', packWindowMs]
  const common = ['--auto-create-topics-enable', autoCreate, '--log-level', 'warn']
  const flags = [...common, ...delay, ...packing]
  if (name === 'karst') return openKarst(flags)
  return openFleet(flags, setting === 'racks' ? racks : oneZone)
}

const oneZone = ['a']
const racks = ['RACK1', 'RACK2', 'RACK3'] // the first three brokers of a cluster have these ids

async function openFleet(flags: readonly string[], zones: readonly string[]): Promise<Subject> {
  const fleet = await Fleet.start({ flags, zones, readyTimeoutMs })
  await untilAllAreKnown(fleet)
  let asked = 0
  return {
    get bootstrap() {
      return fleet.brokers[asked++ % fleet.brokers.length]?.bootstrap ?? ''
    },
    revive: async () => {
      const dead = fleet.brokers.filter(({ isRunning }) => !isRunning)
      await Promise.all(dead.map((broker) => broker.restart()))
      return dead.length > 0
    },
    close: () => fleet.close(),
  }
}

/**
 * 0019 asks the brokers that it was told of at its beginning for their groups, for as long as it
 * lasts: one that the others have not heard of yet would not be among them.
 */
async function untilAllAreKnown({ brokers }: Fleet): Promise<void> {
  await sleep(heardMs)
  const knows = async ({ bootstrap }: BrokerProcess): Promise<boolean> => {
    const admin = openKafkajs(bootstrap).admin()
    await admin.connect()
    try {
      return (await admin.describeCluster()).brokers.length === brokers.length
    } finally {
      await admin.disconnect()
    }
  }
  await until(
    async () => (await Promise.all(brokers.map(knows))).every(Boolean),
    readyTimeoutMs,
    () => 'the brokers of the fleet do not know each other',
  )
}

async function openKarst(flags: readonly string[]): Promise<Subject> {
  const broker = await BrokerProcess.start({ flags, readyTimeoutMs })
  return {
    bootstrap: broker.bootstrap,
    revive: async () => {
      if (broker.isRunning) return false
      await broker.restart()
      return true
    },
    close: () => broker.close(),
  }
}

async function openKafka(autoCreate: string): Promise<Subject> {
  const settings = { ...kafkaSettings, 'auto.create.topics.enable': autoCreate }
  const kafka = await KafkaProcess.start(settings)
  return {
    bootstrap: kafka.bootstrap,
    revive: async () => {
      if (kafka.isRunning) return false
      await kafka.restart()
      return true
    },
    close: () => kafka.close(),
  }
}
