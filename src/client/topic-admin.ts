/** What an administrator does with topics: make, delete, configure. */
import { createTopics } from '../wire/messages/19-create-topics.ts'
import { deleteTopics } from '../wire/messages/20-delete-topics.ts'
import { describeConfigs } from '../wire/messages/32-describe-configs.ts'
import { incrementalAlterConfigs } from '../wire/messages/44-incremental-alter-configs.ts'
import type { KafkaClient } from './kafka-client.ts'
import { expectNone, type Refusal, refusalOf } from './refusal.ts'

const topicResource = 2
const timeoutMs = 30_000
const setOperation = 0
const deleteOperation = 1

export interface NewTopic {
  readonly name: string
  /** -1: the broker's default. */
  readonly partitions: number
  /** -1: the broker's default. */
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
}

export interface CreatedTopic {
  readonly name: string
  /** -1 where the broker does not tell. */
  readonly partitions: number
  readonly refusal: Refusal | undefined
}

/** One answer per topic; with `dryRun` they are judged and not made. */
export async function createTopicsOf(
  client: KafkaClient,
  topics: readonly NewTopic[],
  dryRun: boolean,
): Promise<CreatedTopic[]> {
  const answer = await (
    await client.any()
  ).call(createTopics, {
    topics: topics.map(({ name, partitions, replicationFactor, configs }) => ({
      name,
      numPartitions: partitions,
      replicationFactor,
      assignments: [],
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    })),
    timeoutMs,
    validateOnly: dryRun,
  })
  return answer.topics.map(({ name, numPartitions, errorCode, errorMessage }) => ({
    name,
    partitions: numPartitions,
    refusal: refusalIn(`cannot create topic ${name}`, errorCode, errorMessage),
  }))
}

export interface DeletedTopic {
  readonly name: string
  readonly refusal: Refusal | undefined
}

/** One answer per topic. */
export async function deleteTopicsOf(
  client: KafkaClient,
  names: readonly string[],
): Promise<DeletedTopic[]> {
  const answer = await (
    await client.any()
  ).call(deleteTopics, (version) => ({
    ...(version < byIdFrom ? { topicNames: names } : { topics: names.map(byName) }),
    timeoutMs,
  }))
  return answer.responses.map(({ name, errorCode, errorMessage }) => ({
    name: name ?? '',
    refusal: refusalIn(`cannot delete topic ${name ?? ''}`, errorCode, errorMessage),
  }))
}

const byIdFrom = 6
const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA'
const byName = (name: string): { name: string; topicId: string } => ({ name, topicId: zeroId })

export type ConfigSource = 'topic' | 'broker' | 'default' | 'unknown'

export interface TopicConfig {
  readonly name: string
  /** null where it is a secret. */
  readonly value: string | null
  readonly source: ConfigSource
  readonly isReadOnly: boolean
}

/** Kafka's numbers: 1 topic, 2 to 4 broker (dynamic, their default, static), 5 default. */
const sources: readonly ConfigSource[] = [
  'unknown',
  'topic',
  'broker',
  'broker',
  'broker',
  'default',
]

/** @throws Refusal no such topic, or an invalid name. */
export async function topicConfigs(client: KafkaClient, name: string): Promise<TopicConfig[]> {
  const answer = await (
    await client.any()
  ).call(describeConfigs, {
    resources: [{ resourceType: topicResource, resourceName: name, configurationKeys: null }],
  })
  return answer.results.flatMap(({ errorCode, errorMessage, configs }) => {
    expectNone(`cannot read the configs of topic ${name}`, errorCode, errorMessage)
    return configs.map((config) => ({
      name: config.name,
      value: config.value,
      source: sources[config.configSource] ?? 'unknown',
      isReadOnly: config.readOnly,
    }))
  })
}

/** @throws Refusal nothing was changed: says which config, and what is allowed. */
export async function alterTopicConfigs(
  client: KafkaClient,
  name: string,
  changes: { readonly set: Readonly<Record<string, string>>; readonly remove: readonly string[] },
  dryRun: boolean,
): Promise<void> {
  const configs = [
    ...Object.entries(changes.set).map(([key, value]) => change(key, setOperation, value)),
    ...changes.remove.map((key) => change(key, deleteOperation, null)),
  ]
  const answer = await (
    await client.any()
  ).call(incrementalAlterConfigs, {
    resources: [{ resourceType: topicResource, resourceName: name, configs }],
    validateOnly: dryRun,
  })
  for (const { errorCode, errorMessage } of answer.responses) {
    expectNone(`cannot change the configs of topic ${name}`, errorCode, errorMessage)
  }
}

function change(
  name: string,
  configOperation: number,
  value: string | null,
): { name: string; configOperation: number; value: string | null } {
  return { name, configOperation, value }
}

function refusalIn(what: string, code: number, told: string | null): Refusal | undefined {
  return code === 0 ? undefined : refusalOf(what, code, told)
}
