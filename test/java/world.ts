/**
 * What a scenario is given: a broker (or a fleet, which is taken for one) that can be killed, a
 * folder, and a voice.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Random } from '../../src/base/random.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { openKafkajs } from '../support/clients/kafkajs.ts'
import { MortalFleet } from '../support/mortal-fleet.ts'
import { KafkaProcess } from '../support/kafka-process.ts'
import { killPrograms } from '../support/program.ts'
import { seededRandom } from '../support/seeded-random.ts'

export type TargetName = 'karst' | 'kafka' | 'fleet'

export interface Cluster {
  readonly bootstrap: string
  readonly readyMs: number
  /** kill -9: to the broker, or to one of a fleet, which `restart` starts again. */
  kill: () => Promise<void>
  restart: () => Promise<void>
  close: () => Promise<void>
}

export interface Run {
  target: TargetName
  /** The form for CI: the same steps, fewer of them. */
  short: boolean
  rounds: number | undefined
  seed: number
}

export interface World extends Run {
  broker: Cluster
  /** Logs, properties and state of the scenario's programs. */
  folder: string
  random: Random
  /** Says where the scenario is, with the seconds since its beginning. */
  say: (text: string) => void
}

export interface Scenario {
  name: string
  /** After this time the scenario has failed. */
  limitMs: (run: Run) => number
  /** Throws when anything is not as it must be; resolves with what is worth telling. */
  play: (world: World) => Promise<object>
}

const readyTimeoutMs = 60_000 // a busy machine is no fault of the broker's

export async function withWorld<T>(
  name: string,
  run: Run,
  play: (world: World) => Promise<T>,
): Promise<T> {
  const root = await mkdtemp(path.join(tmpdir(), `karst-java-${name}-`))
  const [folder, data] = [path.join(root, 'programs'), path.join(root, 'data')]
  await mkdir(folder)
  const startedAt = performance.now()
  const say = (text: string) => {
    const seconds = Math.round((performance.now() - startedAt) / 1000)
    console.log(`${name} ${String(seconds).padStart(4)} s  ${text}`)
  }
  const random = seededRandom(run.seed)
  const broker = await openCluster(run.target, data, random)
  say(`${run.target} at ${broker.bootstrap}, logs in ${folder}`)
  try {
    const result = await play({ ...run, broker, folder, random, say })
    await broker.close()
    await rm(root, { recursive: true, force: true })
    return result
  } catch (error) {
    killPrograms()
    await broker.close().catch(() => {}) // what failed first is what counts
    say(`failed; kept: ${root}`)
    throw error
  }
}

/** Timed-out transactions are looked for every 10 s by default, which only makes tests longer. */
const kafkaSettings = {
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
  'transaction.state.log.num.partitions': '4',
}

export async function openCluster(
  target: TargetName,
  dataFolder: string,
  random: Random,
): Promise<Cluster> {
  if (target === 'kafka') return KafkaProcess.start(kafkaSettings)
  if (target === 'fleet') return MortalFleet.start(random, readyTimeoutMs)
  return BrokerProcess.start({ dataFolder, readyTimeoutMs })
}

/** A fleet goes on when one broker of it dies: what runs on it must not notice. */
export async function loseOneOfFleet({ target, broker, say }: World): Promise<void> {
  if (target !== 'fleet') return
  await broker.kill()
  await broker.restart()
  say(`one broker was killed, ready after ${Math.round(broker.readyMs)} ms`)
}

export async function createTopics(
  bootstrap: string,
  topics: { topic: string; numPartitions: number; configs?: Record<string, string> }[],
): Promise<void> {
  await withAdmin(bootstrap, async (admin) => {
    await admin.createTopics({
      topics: topics.map(({ configs = {}, ...topic }) => {
        const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
        return { ...topic, configEntries }
      }),
    })
  })
}

type Admin = ReturnType<ReturnType<typeof openKafkajs>['admin']>

export async function withAdmin<T>(
  bootstrap: string,
  act: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = openKafkajs(bootstrap).admin()
  await admin.connect()
  try {
    return await act(admin)
  } finally {
    await admin.disconnect()
  }
}

/** A topic's config as the broker tells it. */
export async function topicConfigs(bootstrap: string, topic: string): Promise<Map<string, string>> {
  const described = await withAdmin(bootstrap, (admin) =>
    admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: topic }] }),
  )
  const entries = described.resources[0]?.configEntries ?? []
  return new Map(entries.map(({ configName, configValue }) => [configName, configValue]))
}
