/** What administrators may ask of topics, whichever request it comes by: counts, replicas, configs. */
import { didYouMean } from '../base/nearest.ts'
import type { BrokerLayers } from '../config/config-rows.ts'
import {
  parseTopicConfigs,
  type TopicConfigs,
  topicOptionNames,
  topicOptionTable,
  topicRelationFault,
} from '../config/topic-configs.ts'
import { ErrorCode } from '../wire/error-codes.ts'

/** Why something about a topic is refused, as clients are told. */
export interface TopicFault {
  readonly errorCode: number
  readonly errorMessage: string
}

/**
 * Partitions of a topic, and of all topics that one request makes, and topics that one request
 * names: a transaction has to take a topic's in well under a second. The same limit as that of
 * `num.partitions`, and Kafka's per request.
 */
export const partitionsMax = 10_000

/** Why a request is refused as a whole that names more of `what` than one may. */
export function tooManyFault(
  count: number,
  what: 'partitions' | 'topics' | 'resources',
): TopicFault | undefined {
  if (count <= partitionsMax) return undefined
  const message = `the request asks for ${count} ${what}, at most ${partitionsMax} may be in one`
  return fault(ErrorCode.POLICY_VIOLATION, message)
}

/** For what the client's timeout left no time; nothing was done. */
export const lateFault: TopicFault = {
  errorCode: ErrorCode.REQUEST_TIMED_OUT,
  errorMessage: 'the timeout of the request was over before its turn came',
}

/** The replication factor has 16 bits; it is shown, and changes nothing else. */
export const replicationFactorMax = 32_767

/** Of a config's value. Old versions of DescribeConfigs cannot show more than 32,767 bytes. */
const configValueBytesMax = 8_192

/** Of a message to a client: it may quote what the client sent, and old versions carry 32,767 bytes. */
const messageCharactersMax = 1_000

/** A fault whose message is cut where it would be too long. */
export function fault(errorCode: number, message: string): TopicFault {
  const isShort = message.length <= messageCharactersMax
  return {
    errorCode,
    errorMessage: isShort ? message : `${message.slice(0, messageCharactersMax)}…`,
  }
}

export function isFault(value: object | number): value is TopicFault {
  return typeof value === 'object' && 'errorCode' in value
}

/** The client makes or deletes too many partitions: a pause is told with it (KIP-599). */
export const quotaFault: TopicFault = {
  errorCode: ErrorCode.THROTTLING_QUOTA_EXCEEDED,
  errorMessage: 'the quota controller_mutation_rate is used up: ask again after the throttle time',
}

/** Why a topic cannot have `count` partitions. */
export function partitionCountFault(count: number): TopicFault | undefined {
  if (count >= 1 && count <= partitionsMax) return undefined
  const message = `${count} partitions: from 1 to ${partitionsMax} may be`
  return fault(ErrorCode.INVALID_PARTITIONS, message)
}

/**
 * Why partitions cannot have these replicas. Which brokers they name does not matter, because
 * copies are the storage's affair: it is only held that they make sense.
 */
export function replicasFault(replicas: readonly (readonly number[])[]): TopicFault | undefined {
  const count = replicas[0]?.length ?? 0
  for (const [index, brokerIds] of replicas.entries()) {
    const wrong =
      brokerIds.length === 0
        ? 'has no replicas'
        : brokerIds.length > replicationFactorMax
          ? `has ${brokerIds.length} replicas, at most ${replicationFactorMax} may be`
          : brokerIds.length !== count
            ? `has ${brokerIds.length} replicas, others have ${count}`
            : brokerIds.some((id) => id < 0)
              ? 'has a replica at a negative broker id'
              : new Set(brokerIds).size !== brokerIds.length
                ? 'has two replicas at one broker'
                : undefined
    if (wrong !== undefined) {
      const message = `the assigned partition ${index} ${wrong}`
      return fault(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
    }
  }
  return undefined
}

/** Longer than any name that could be meant: a suggestion costs time by its length. */
const suggestedNameMax = 60

/** Names the first config that no topic has. */
export function unknownConfigFault(names: readonly string[]): TopicFault | undefined {
  const unknown = names.find((name) => !Object.hasOwn(topicOptionTable, name))
  if (unknown === undefined) return undefined
  const isShort = unknown.length <= suggestedNameMax
  const meant = isShort ? didYouMean(unknown, topicOptionNames) : ''
  return fault(ErrorCode.INVALID_CONFIG, `there is no topic config ${unknown}.${meant}`)
}

/** Why a value is too long for any config. */
export function configSizeFault(name: string, value: string): TopicFault | undefined {
  const byteLength = Buffer.byteLength(value)
  if (byteLength <= configValueBytesMax) return undefined
  const most = configValueBytesMax
  const message = `${name}: the value has ${byteLength} bytes, at most ${most} may be`
  return fault(ErrorCode.INVALID_CONFIG, message)
}

export interface CheckedConfigs {
  /** As they are stored. */
  readonly overrides: Record<string, string>
  readonly effective: TopicConfigs
}

/** What a topic is given as configs, checked; or the one fault that names all that is wrong. */
export function checkConfigs(
  given: Readonly<Record<string, string | null>>,
  defaults: BrokerLayers,
): CheckedConfigs | TopicFault {
  const unknown = unknownConfigFault(Object.keys(given))
  if (unknown !== undefined) return unknown
  for (const [name, value] of Object.entries(given)) {
    const tooLong = configSizeFault(name, value ?? '')
    if (tooLong !== undefined) return tooLong
  }
  const parsed = parseTopicConfigs(given, defaults)
  if (parsed.ok) {
    const wrong = topicRelationFault(parsed.configs)
    if (wrong !== undefined) return fault(ErrorCode.INVALID_CONFIG, wrong)
    return { overrides: { ...parsed.overrides }, effective: parsed.configs }
  }
  const message = parsed.errors.map((error) => error.message).join('; ')
  return fault(ErrorCode.INVALID_CONFIG, message)
}

/** What occurs more than once. */
export function repeated<T>(values: readonly T[]): Set<T> {
  const seen = new Set<T>()
  const twice = new Set<T>()
  for (const value of values) (seen.has(value) ? twice : seen).add(value)
  return twice
}
