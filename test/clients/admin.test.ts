/** What administrators do, through kafkajs, @platformatic/kafka and Kafka's own Java tools. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin as PlatformaticAdmin } from '@platformatic/kafka'
import kafkajs from 'kafkajs'
import type { Admin as KafkajsAdmin } from 'kafkajs'
import { kafkajsClient, openKafkajs } from '../support/clients/kafkajs.ts'
import { kcatClient } from '../support/clients/kcat.ts'
import { openAdmin, platformaticClient } from '../support/clients/platformatic.ts'
import { runJavaTool } from '../support/java-tools.ts'
import type { MatrixClient } from '../support/record.ts'
import { freshName, openTarget } from '../support/target.ts'
import type { Target } from '../support/target.ts'
import { until } from '../support/until.ts'

const autoCreatedPartitions = 4
const topicResource = 2 as const // of DescribeConfigs
const dayMs = 24 * 60 * 60_000

let target: Target
let js: KafkajsAdmin
let plt: PlatformaticAdmin
before(async () => {
  target = await openTarget()
  // "Unknown topic" counts as retriable, and waits double each time.
  js = openKafkajs(target.bootstrap, { retry: { retries: 3 } }).admin()
  await js.connect()
  plt = openAdmin(target.bootstrap)
})
after(async () => {
  await js.disconnect()
  await plt.close()
  await target.close()
})

describe('topics', () => {
  test('kafkajs creates, widens, describes and deletes', async () => {
    const topic = freshName('js-topic')
    const configEntries = [{ name: 'retention.ms', value: String(dayMs) }]
    const wanted = { topic, numPartitions: 3, replicationFactor: 1, configEntries }
    assert.equal(await js.createTopics({ topics: [wanted] }), true)
    assert.equal(await js.createTopics({ topics: [wanted] }), false, 'exists already')
    assert.ok((await js.listTopics()).includes(topic))
    await js.createPartitions({ topicPartitions: [{ topic, count: 5 }] })
    assert.equal(await partitionsOf(topic), 5)
    const less = js.createPartitions({ topicPartitions: [{ topic, count: 2 }] })
    await assert.rejects(less, isError('INVALID_PARTITIONS'))
    const type = kafkajs.ConfigResourceTypes.TOPIC
    const resources = [{ type, name: topic }]
    const described = await js.describeConfigs({ resources, includeSynonyms: true })
    const entries = described.resources[0]?.configEntries ?? []
    const retention = entries.find((entry) => entry.configName === 'retention.ms')
    assert.equal(retention?.configValue, String(dayMs))
    const policy = entries.find((entry) => entry.configName === 'cleanup.policy')
    assert.equal(policy?.configValue, 'delete', 'a default')
    await js.deleteTopics({ topics: [topic] })
    await until(
      async () => !(await js.listTopics()).includes(topic),
      5_000,
      () => `${topic} is still listed`,
    )
    await assert.rejects(
      js.deleteTopics({ topics: [topic] }),
      isError('UNKNOWN_TOPIC_OR_PARTITION'),
    )
  })

  test('platformatic creates, widens, describes and deletes', async () => {
    const topic = freshName('plt-topic')
    const configs = [{ name: 'retention.ms', value: String(dayMs) }]
    const [created] = await plt.createTopics({ topics: [topic], partitions: 3, configs })
    assert.equal(created?.name, topic)
    assert.equal(created.partitions, 3)
    assert.equal(created.configuration['retention.ms'], String(dayMs))
    await plt.createPartitions({ topics: [{ name: topic, count: 5 }] })
    assert.equal(await partitionsOf(topic), 5)
    const resource = { resourceType: topicResource, resourceName: topic }
    const [described] = await plt.describeConfigs({ resources: [resource] })
    const retention = described?.configs.find((config) => config.name === 'retention.ms')
    assert.equal(retention?.value, String(dayMs))
    assert.equal(retention.configSource, 1, 'set on the topic')
    assert.ok((described?.configs.length ?? 0) > 20, 'with all defaults')
    assert.ok((await plt.listTopics()).includes(topic))
    await plt.deleteTopics({ topics: [topic] })
    await until(
      async () => !(await plt.listTopics()).includes(topic),
      5_000,
      () => `${topic} is still listed`,
    )
  })

  test('Java creates, widens, describes and deletes', async () => {
    const topic = freshName('java-topic')
    const tool = (...args: string[]) =>
      runJavaTool('topics', ['--bootstrap-server', target.bootstrap, '--topic', topic, ...args])
    await tool('--create', '--partitions', '3', '--config', `retention.ms=${dayMs}`)
    await assert.rejects(tool('--create', '--partitions', '3'), /TopicExistsException/)
    await tool('--alter', '--partitions', '5')
    const described = (await tool('--describe')).join('\n')
    assert.match(described, /PartitionCount: ?5\b/)
    assert.match(described, new RegExp(`retention\\.ms=${dayMs}`))
    assert.match(described, /Partition: 4\s+Leader: \d+/)
    const resource = ['--entity-type', 'topics', '--entity-name', topic]
    const describeAll = ['--bootstrap-server', target.bootstrap, '--describe', '--all', ...resource]
    const configs = (await runJavaTool('configs', describeAll)).join('\n')
    assert.match(configs, new RegExp(`retention\\.ms=${dayMs} sensitive=false`))
    assert.match(configs, /cleanup\.policy=delete/)
    await tool('--delete')
    await assert.rejects(tool('--describe'), /does not exist/)
  })

  test('Java changes what brokers pass on to topics, and groups, while they run', async () => {
    const topic = freshName('java-live')
    await js.createTopics({ topics: [{ topic, numPartitions: 1 }] })
    const tool = (type: string, entity: readonly string[], ...args: string[]) =>
      runJavaTool('configs', [
        ...['--bootstrap-server', target.bootstrap, '--entity-type', type],
        ...entity,
        ...args,
      ])
    const all = ['--entity-default']
    const ms = dayMs + 1
    const retention = async () => {
      const lines = await tool('topics', ['--entity-name', topic], '--describe', '--all')
      return lines.find((line) => line.trim().startsWith('retention.ms=')) ?? ''
    }
    await tool('brokers', all, '--alter', '--add-config', `log.retention.ms=${ms}`)
    await until(
      async () => (await retention()).includes(`retention.ms=${ms}`),
      20_000,
      () => 'topics do not inherit what brokers were told',
    )
    const shown = [
      `DYNAMIC_DEFAULT_BROKER_CONFIG:log.retention.ms=${ms}`,
      'DEFAULT_CONFIG:log.retention.hours=168',
    ]
    assert.ok((await retention()).includes(`{${shown.join(', ')}}`), await retention())
    await tool('brokers', all, '--alter', '--delete-config', 'log.retention.ms')
    const group = freshName('java-live')
    const one = ['--entity-name', group]
    await tool('groups', one, '--alter', '--add-config', 'consumer.session.timeout.ms=50000')
    assert.match((await tool('groups', one, '--describe')).join('\n'), /timeout\.ms=50000/)
    const low = tool('groups', one, '--alter', '--add-config', 'consumer.session.timeout.ms=5')
    await assert.rejects(low, /InvalidConfigurationException/)
    const bootstrap = ['--bootstrap-server', target.bootstrap]
    const status = await runJavaTool('quorum', [...bootstrap, 'describe', '--status'])
    assert.match(status.join('\n'), /LeaderId: +\d+/)
  })

  for (const client of [kafkajsClient, platformaticClient, kcatClient]) {
    test(`${client.name} writes to a topic that is not there yet`, () => autoCreates(client))
  }

  test('a topic that nobody may create is unknown', async () => {
    const topic = freshName('nowhere')
    const consume = openKafkajs(target.bootstrap, { retry: { retries: 1 } })
    const producer = consume.producer({ allowAutoTopicCreation: false })
    await producer.connect()
    const sending = producer.send({ topic, messages: [{ value: 'x' }] })
    await assert.rejects(sending, isError('UNKNOWN_TOPIC_OR_PARTITION'))
    await producer.disconnect()
    await assert.rejects(js.fetchTopicOffsets(topic), isError('UNKNOWN_TOPIC_OR_PARTITION'))
    const create = js.createTopics({ topics: [{ topic: 'no/slash' }] })
    await assert.rejects(create, isError('INVALID_TOPIC_EXCEPTION'))
  })
})

describe('offsets', () => {
  const topic = freshName('offsets')
  const base = Date.now() - 60_000
  before(async () => {
    await js.createTopics({ topics: [{ topic, numPartitions: 1 }] })
    for (const codec of ['none', 'gzip'] as const) {
      const first = codec === 'none' ? 0 : 5
      const records = Array.from({ length: 5 }, (_, i) => {
        const timestamp = base + (first + i) * 1_000
        return { key: null, value: `${first + i}`, headers: [], partition: 0, timestamp }
      })
      await kafkajsClient.produce(target.bootstrap, topic, records, codec)
    }
  })

  test('kafkajs: earliest, latest, by timestamp', async () => {
    const [ends] = await js.fetchTopicOffsets(topic)
    assert.deepEqual([ends?.low, ends?.high], ['0', '10'])
    const at = async (timestamp: number) =>
      (await js.fetchTopicOffsetsByTimestamp(topic, timestamp))[0]?.offset
    assert.equal(await at(base + 2_500), '3', 'the first at or after')
    assert.equal(await at(base + 7_000), '7', 'inside a compressed batch')
    assert.equal(await at(base + 60_000), '10', 'behind all: the end')
  })

  test('platformatic: earliest, latest, by timestamp', async () => {
    const at = async (timestamp: bigint) => {
      const partitions = [{ partitionIndex: 0, timestamp }]
      const [listed] = await plt.listOffsets({ topics: [{ name: topic, partitions }] })
      return listed?.partitions[0]?.offset
    }
    assert.equal(await at(-2n), 0n)
    assert.equal(await at(-1n), 10n)
    assert.equal(await at(BigInt(base + 2_500)), 3n)
    assert.equal(await at(BigInt(base + 7_000)), 7n)
    assert.equal(await at(BigInt(base + 60_000)), -1n)
  })

  test('Java: earliest, latest, by timestamp', async () => {
    const at = async (time: string) => {
      const args = ['--bootstrap-server', target.bootstrap, '--topic', topic, '--time', time]
      return (await runJavaTool('getOffsets', args)).filter((line) => line.startsWith(topic))
    }
    assert.deepEqual(await at('earliest'), [`${topic}:0:0`])
    assert.deepEqual(await at('latest'), [`${topic}:0:10`])
    assert.deepEqual(await at(String(base + 7_000)), [`${topic}:0:7`])
  })
})

describe('groups', () => {
  test('kafkajs lists, describes, reads and sets offsets, deletes', async () => {
    const { topic, group } = await makeGroup('js-group')
    const listed = (await js.listGroups()).groups.find((one) => one.groupId === group)
    assert.equal(listed?.protocolType, 'consumer')
    const described = (await js.describeGroups([group])).groups[0]
    assert.equal(described?.state, 'Empty')
    assert.equal(described.members.length, 0)
    const offsetOf = async () => {
      const [fetched] = await js.fetchOffsets({ groupId: group, topics: [topic] })
      return fetched?.partitions.map(({ offset }) => offset)
    }
    assert.deepEqual(await offsetOf(), ['3'])
    await js.setOffsets({ groupId: group, topic, partitions: [{ partition: 0, offset: '1' }] })
    assert.deepEqual(await offsetOf(), ['1'])
    await js.deleteGroups([group])
    assert.equal(
      (await js.listGroups()).groups.find((one) => one.groupId === group),
      undefined,
    )
    await assert.rejects(js.deleteGroups([group]))
  })

  test('platformatic lists, describes, reads, sets and deletes offsets, deletes', async () => {
    const { topic, group } = await makeGroup('plt-group')
    assert.equal((await plt.listGroups()).get(group)?.protocolType, 'consumer')
    const described = (await plt.describeGroups({ groups: [group] })).get(group)
    assert.equal(described?.state.toUpperCase(), 'EMPTY')
    const offsetOf = async () => {
      const asked = { groupId: group, topics: [{ name: topic, partitionIndexes: [0] }] }
      const [read] = await plt.listConsumerGroupOffsets({ groups: [asked] })
      return read?.topics[0]?.partitions[0]?.committedOffset
    }
    assert.equal(await offsetOf(), 3n)
    const partitionOffsets = [{ partition: 0, offset: 2n }]
    const topics = [{ name: topic, partitionOffsets }]
    await plt.alterConsumerGroupOffsets({ groupId: group, topics })
    assert.equal(await offsetOf(), 2n)
    const gone = [{ name: topic, partitionIndexes: [0] }]
    await plt.deleteConsumerGroupOffsets({ groupId: group, topics: gone })
    assert.equal(await offsetOf(), -1n)
    await plt.deleteGroups({ groups: [group] })
    assert.equal((await plt.listGroups()).get(group), undefined)
  })

  test('Java lists, describes, resets and deletes offsets, deletes', async () => {
    const { topic, group } = await makeGroup('java-group')
    const tool = (...args: string[]) =>
      runJavaTool('groups', ['--bootstrap-server', target.bootstrap, ...args])
    assert.ok((await tool('--list')).includes(group))
    const described = (await tool('--describe', '--group', group)).join('\n')
    assert.match(described, new RegExp(`${group}\\s+${topic}\\s+0\\s+3\\s+3\\s+0`))
    const reset = ['--reset-offsets', '--to-earliest', '--execute', '--topic', topic]
    await tool('--group', group, ...reset)
    const after = (await tool('--describe', '--group', group, '--offsets')).join('\n')
    assert.match(after, new RegExp(`${topic}\\s+0\\s+0\\s+3\\s+3`))
    await tool('--delete-offsets', '--group', group, '--topic', topic)
    await tool('--delete', '--group', group)
    assert.ok(!(await tool('--list')).includes(group))
  })

  test('a group with members can not be deleted, and tells about them', async () => {
    const { topic } = await makeGroup('busy')
    const group = freshName('busy')
    const consumer = openKafkajs(target.bootstrap).consumer({
      groupId: group,
      maxWaitTimeInMs: 200,
    })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const joined = Promise.withResolvers<void>()
    consumer.on('consumer.group_join', () => joined.resolve())
    await consumer.run({ eachMessage: async () => {} })
    await joined.promise
    const described = (await plt.describeGroups({ groups: [group] })).get(group)
    assert.equal(described?.members.size, 1)
    const [member] = described.members.values()
    assert.deepEqual(member?.assignments?.get(topic)?.partitions, [0])
    assert.match(member.clientHost, /127\.0\.0\.1/)
    await assert.rejects(js.deleteGroups([group]))
    const lines = await runJavaTool('groups', [
      ...['--bootstrap-server', target.bootstrap, '--describe', '--members', '--group', group],
    ])
    assert.equal(lines.filter((line) => line.startsWith(group)).length, 1)
    await consumer.disconnect()
  })
})

async function autoCreates(client: MatrixClient): Promise<void> {
  const topic = freshName(`auto-${client.name}`)
  const records = [{ key: 'k', value: 'v', headers: [] }]
  // A first answer may still be "unknown", also from Kafka; clients then try again.
  if (client === platformaticClient) await plt.metadata({ topics: [topic], autocreateTopics: true })
  await client.produce(target.bootstrap, topic, records, 'none')
  assert.equal(await partitionsOf(topic), autoCreatedPartitions)
  assert.equal((await client.consume(target.bootstrap, topic, 1))[0]?.value, 'v')
}

async function partitionsOf(topic: string): Promise<number> {
  const { topics } = await js.fetchTopicMetadata({ topics: [topic] })
  return topics[0]?.partitions.length ?? 0
}

/** A topic of one partition with three records, all committed by a group that is empty now. */
async function makeGroup(what: string): Promise<{ topic: string; group: string }> {
  const topic = freshName(what)
  const group = freshName(what)
  await js.createTopics({ topics: [{ topic, numPartitions: 1 }] })
  const records = ['a', 'b', 'c'].map((value) => ({ key: null, value, headers: [] }))
  await kafkajsClient.produce(target.bootstrap, topic, records, 'none')
  const consumer = openKafkajs(target.bootstrap).consumer({ groupId: group, maxWaitTimeInMs: 200 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let seen = 0
  await consumer.run({
    eachMessage: async () => {
      seen++
    },
  })
  await until(
    () => seen === records.length,
    20_000,
    () => `saw ${seen}`,
  )
  await consumer.commitOffsets([{ topic, partition: 0, offset: '3' }])
  await consumer.disconnect()
  await sleep(50)
  return { topic, group }
}

/** kafkajs wraps what a broker said in one or two errors of its own. */
function isError(type: string): (error: unknown) => boolean {
  return (error) => {
    for (let cause = error; cause instanceof Error; cause = cause.cause) {
      const { type: own, errors } = cause as Error & { type?: string; errors?: unknown[] }
      if (own === type) return true
      if (errors?.some((inner) => isError(type)(inner)) === true) return true
    }
    throw error
  }
}
