/**
 * MirrorMaker 2 between Apache Kafka and the target, both ways at once, exactly once: topics with
 * their partitions, configs and records, and the offsets of consumer groups.
 */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { kafkajsClient } from '../support/clients/kafkajs.ts'
import { openMember, readAll } from '../support/clients/kcat.ts'
import { runJavaTool } from '../support/java-tools.ts'
import { freePort } from '../support/kafka-process.ts'
import type { Program } from '../support/program.ts'
import type { SeenRecord, SentRecord } from '../support/record.ts'
import { freshName } from '../support/target.ts'
import { until } from '../support/until.ts'
import { openJvm, writeProperties } from './jvm.ts'
import { sameList } from './same-list.ts'
import { createTopics, loseOneOfFleet, openCluster, topicConfigs, withAdmin } from './world.ts'
import type { Cluster, Scenario, World } from './world.ts'

const partitions = 3
const startedAt = Date.now()
const mirrorTimeoutMs = 180_000
const committed = ['isolation.level=read_committed']
/** Nothing that deletes or compacts while it is compared. */
const configs = {
  'delete.retention.ms': '12345678',
  'max.message.bytes': '345678',
  'retention.ms': '98765432',
}

export const mirror: Scenario = { name: 'mirror', limitMs: () => 900_000, play }

/** One direction: what is written here must come to stand there. */
interface Way {
  from: Cluster
  to: Cluster
  /** MirrorMaker's name for `from`, which its topics get there as a prefix. */
  alias: string
  topic: string
  group: string
}

async function play(world: World): Promise<object> {
  const other = await openCluster('kafka', '', world.random)
  try {
    return await mirrorBothWays(world, other)
  } finally {
    await other.close()
  }
}

async function mirrorBothWays(world: World, other: Cluster): Promise<object> {
  const count = world.short ? 300 : 6_000
  const here = world.broker
  const [orders, events] = [freshName('orders'), freshName('events')]
  const ways: Way[] = [
    { from: other, to: here, alias: 'other', topic: orders, group: freshName('billing') },
    { from: here, to: other, alias: 'here', topic: events, group: freshName('alerts') },
  ]
  for (const { from, topic } of ways) {
    await createTopics(from.bootstrap, [{ topic, numPartitions: partitions, configs }])
    await write(from, topic, 0, count)
  }
  const program = await openMirrorMaker(world, other)
  const ends = program.exited.then(() => {
    throw new Error(`MirrorMaker ended: ${program.errors}`)
  })
  ends.catch(() => {}) // it ends well below, too, when nobody waits any more
  world.say('MirrorMaker started')
  const all = async () => {
    for (const way of ways) await follow(world, way, count)
  }
  await Promise.race([all(), ends])
  const exit = await program.stop(60_000)
  assert.notEqual(exit.signal, 'SIGKILL', 'MirrorMaker stops when it is asked to')
  return { mirrored: ways.length * count * 2 }
}

async function follow(world: World, way: Way, count: number): Promise<void> {
  const { from, to, alias, topic, group } = way
  const copy = `${alias}.${topic}`
  await untilMirrored(way, count)
  world.say(`${copy}: ${count} records mirrored`)
  await write(from, topic, count, 2 * count)
  await loseOneOfFleet(world)
  await untilMirrored(way, 2 * count)
  compare(
    await readAll(from.bootstrap, topic, committed),
    await readAll(to.bootstrap, copy, committed),
  )
  const copied = await topicConfigs(to.bootstrap, copy)
  for (const [name, value] of Object.entries(configs)) assert.equal(copied.get(name), value, name)
  world.say(`${copy}: ${2 * count} records equal, in ${partitions} partitions; configs too`)
  await changeConfig(from, topic, 'retention.ms=87654321')
  await until(
    async () => {
      await sleep(500)
      return (await topicConfigs(to.bootstrap, copy)).get('retention.ms') === '87654321'
    },
    mirrorTimeoutMs,
    () => `the changed config of ${copy} did not come`,
  )
  await readAsGroup(from, topic, group, 2 * count)
  await untilGroup(way)
  world.say(`${copy}: changed config and offsets of ${group} mirrored`)
}

/** Every kind of record that a copy could change. */
async function write(at: Cluster, topic: string, first: number, end: number): Promise<void> {
  const records: SentRecord[] = []
  for (let number = first; number < end; number++) {
    records.push({
      key: `key-${number % 100}`,
      value: number % 10 === 9 ? null : `value ${number}`,
      headers: number % 2 === 0 ? [] : [['number', String(number)]],
      partition: number % partitions,
      timestamp: startedAt - number,
    })
  }
  await kafkajsClient.produce(at.bootstrap, topic, records, 'lz4')
}

async function openMirrorMaker(world: World, other: Cluster): Promise<Program> {
  const factors = ['replication.factor', 'checkpoints.topic.replication.factor']
  factors.push('heartbeats.topic.replication.factor', 'offset-syncs.topic.replication.factor')
  factors.push('config.storage.replication.factor', 'offset.storage.replication.factor')
  factors.push('status.storage.replication.factor')
  const intervals = ['refresh.topics', 'refresh.groups', 'sync.topic.configs']
  intervals.push('emit.heartbeats', 'emit.checkpoints', 'sync.group.offsets')
  const settings = await writeProperties(world.folder, 'mirror.properties', {
    clusters: 'here, other',
    'here.bootstrap.servers': world.broker.bootstrap,
    'other.bootstrap.servers': other.bootstrap,
    'here->other.enabled': 'true',
    'other->here.enabled': 'true',
    'sync.group.offsets.enabled': 'true',
    'offset.lag.max': '0', // every record's offset is told, so that groups are followed closely
    'tasks.max': '2',
    'here.exactly.once.source.support': 'enabled',
    'other.exactly.once.source.support': 'enabled',
    'dedicated.mode.enable.internal.rest': 'true', // workers need it to be fenced
    listeners: `http://127.0.0.1:${await freePort()}`,
    'plugin.discovery': 'service_load',
    'offset.flush.interval.ms': '1000',
    ...Object.fromEntries(factors.map((name) => [name, '1'])),
    ...Object.fromEntries(intervals.map((name) => [`${name}.interval.seconds`, '1'])),
  })
  const main = 'org.apache.kafka.connect.mirror.MirrorMaker'
  const { folder } = world
  return openJvm('mirror-maker', main, [settings], { folder, timeoutMs: mirror.limitMs(world) })
}

async function untilMirrored({ to, alias, topic }: Way, count: number): Promise<void> {
  let seen = 0
  await until(
    async () => {
      await sleep(1_000)
      const topics = await withAdmin(to.bootstrap, (admin) => admin.listTopics())
      if (!topics.includes(`${alias}.${topic}`)) return false
      seen = (await readAll(to.bootstrap, `${alias}.${topic}`, committed)).length
      return seen >= count
    },
    mirrorTimeoutMs,
    () => `${seen} of ${count} records of ${alias}.${topic} were mirrored`,
  )
}

/** Offsets differ, for transactions end in markers; all else, order too, is the same. */
function compare(written: SeenRecord[], copied: SeenRecord[]): void {
  const plain = (records: SeenRecord[]) =>
    records
      .toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)
      .map((record) => ({ ...record, offset: 0 }))
  sameList(plain(copied), plain(written), 'copies')
}

async function changeConfig(at: Cluster, topic: string, config: string): Promise<void> {
  const entity = ['--entity-type', 'topics', '--entity-name', topic]
  const change = ['--alter', '--add-config', config]
  await runJavaTool('configs', ['--bootstrap-server', at.bootstrap, ...entity, ...change])
}

async function readAsGroup(
  at: Cluster,
  topic: string,
  group: string,
  count: number,
): Promise<void> {
  const member = openMember(at.bootstrap, group, topic)
  await member.until(() => member.lines.length >= count, mirrorTimeoutMs)
  await member.stop()
}

/**
 * The group has read all there was. MirrorMaker promises no more than that it skips nothing: how
 * much it must read again depends on which offsets were told to it when (with Apache Kafka, too).
 */
async function untilGroup({ to, alias, topic, group }: Way): Promise<void> {
  const copy = `${alias}.${topic}`
  let seen = ''
  await until(
    async () => {
      await sleep(1_000)
      return withAdmin(to.bootstrap, async (admin) => {
        const [fetched] = await admin.fetchOffsets({ groupId: group, topics: [copy] })
        const offsets = fetched?.partitions ?? []
        seen = JSON.stringify(offsets)
        if (offsets.length < partitions) return false
        const ends = await admin.fetchTopicOffsets(copy)
        for (const { partition, offset } of offsets) {
          const end = Number(ends.find((one) => one.partition === partition)?.high)
          assert.ok(Number(offset) <= end, `${group} stands behind the end: ${offset} of ${end}`)
        }
        return offsets.every(({ offset }) => Number(offset) > 0)
      })
    },
    mirrorTimeoutMs,
    () => `the offsets of ${group} for ${copy}: ${seen}`,
  )
}
