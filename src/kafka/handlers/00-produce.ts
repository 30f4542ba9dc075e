/**
 * Produce, versions 3 to 13: appends batches, and answers when they are durable and decided, for
 * acks=1 exactly as for acks=all. acks=0 has no answer; where something fails the connection ends,
 * as Kafka does.
 *
 * A batch that fails is refused alone. Transactions are not served yet: INVALID_TXN_STATE.
 * KIPs: 98 (idempotence), 467 (errors of records), 516 (topic ids, 13+), 110 (zstd, 7+).
 */
import { isFailure } from '../../base/errors.ts'
import type { AppendOutcome } from '../../catalog/outcomes.ts'
import type { KnownTopic } from '../../log/topic-directory.ts'
import { patchLogAppendTime, patchMaxTimestamp } from '../../record/batch-header.ts'
import { DECOMPRESSED_BYTES_MAX } from '../../record/compression.ts'
import { type BatchRules, validateBatch } from '../../record/validate-batch.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { produce, type ProduceReply, type ProduceRequest } from '../../wire/messages/00-produce.ts'
import type { Broker } from '../broker.ts'
import type { Exchange } from '../request.ts'
import { type Handled, type Handler, handler } from '../router.ts'
import { failureCode, refusedAppendCode, refusedBatchCode } from '../to-error-code.ts'

type TopicData = ProduceRequest['topicData'][number]
type PartitionData = TopicData['partitionData'][number]
type TopicReply = ProduceReply['responses'][number]
type PartitionReply = TopicReply['partitionResponses'][number]

/** A topic's configs may change between validation and commit: judged again so often. */
const attemptsMax = 3

export function produceHandler(broker: Broker): Handler {
  return handler(produce, (request, exchange) => {
    const known = request.topicData.map((topic) => knownTopic(broker, topic))
    // Nothing is awaited where all topics are known: batches enter the journal's order now (W6).
    return known.includes(undefined)
      ? produceAfterLookUp(broker, request, exchange)
      : produceTo(broker, known, request, exchange)
  })
}

function knownTopic({ topics }: Broker, { name, topicId }: TopicData): KnownTopic | undefined {
  return name === '' ? topics.byId(topicId) : topics.byName(name)
}

async function produceAfterLookUp(
  broker: Broker,
  request: ProduceRequest,
  exchange: Exchange,
): Promise<Handled<ProduceReply> | 'silent' | 'close'> {
  const known: (KnownTopic | undefined)[] = []
  for (const topic of request.topicData) {
    const { name } = topic
    const found = name === '' ? knownTopic(broker, topic) : await findTopic(broker, name)
    known.push(found)
  }
  return produceTo(broker, known, request, exchange)
}

/** A catalog that does not answer is as good as a topic not found: the client asks again. */
async function findTopic({ topics }: Broker, name: string): Promise<KnownTopic | undefined> {
  try {
    return await topics.find(name)
  } catch (error) {
    if (!isFailure(error)) throw error
    return undefined
  }
}

async function produceTo(
  broker: Broker,
  known: readonly (KnownTopic | undefined)[],
  request: ProduceRequest,
  exchange: Exchange,
): Promise<Handled<ProduceReply> | 'silent' | 'close'> {
  const pending = request.topicData.map((topic, index) =>
    topic.partitionData.map((data) => append(broker, known[index], topic, data, request, exchange)),
  )
  exchange.next()
  const responses: TopicReply[] = []
  for (const [index, { name, topicId }] of request.topicData.entries()) {
    const partitionResponses = await Promise.all(pending[index] ?? [])
    responses.push({ name, topicId, partitionResponses })
  }
  if (request.acks !== 0) return { response: { responses } }
  const isClean = responses.every(({ partitionResponses }) =>
    partitionResponses.every(({ errorCode }) => errorCode === ErrorCode.NONE),
  )
  return isClean ? 'silent' : 'close'
}

function append(
  broker: Broker,
  topic: KnownTopic | undefined,
  asked: TopicData,
  data: PartitionData,
  request: ProduceRequest,
  exchange: Exchange,
): Promise<PartitionReply> {
  const { index, records } = data
  const refused = (
    errorCode: number,
    errorMessage: string | null = null,
  ): Promise<PartitionReply> => Promise.resolve({ index, errorCode, baseOffset: -1, errorMessage })
  const { acks, transactionalId } = request
  if (acks !== -1 && acks !== 0 && acks !== 1) {
    return refused(ErrorCode.INVALID_REQUIRED_ACKS, `acks ${acks}: only -1, 0 and 1 exist`)
  }
  const partitionId = topic?.partitionIds[index]
  if (topic === undefined || partitionId === undefined) {
    const isById = asked.name === '' && topic === undefined
    return refused(isById ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  }
  if (transactionalId !== null) {
    return refused(ErrorCode.INVALID_TXN_STATE, 'transactions are not served by this broker')
  }
  if (records === null) return refused(ErrorCode.INVALID_RECORD, 'no record batch')
  return appendBatch(broker, topic, partitionId, data.index, records, request, exchange, 1)
}

async function appendBatch(
  broker: Broker,
  topic: KnownTopic,
  partitionId: number,
  index: number,
  bytes: Uint8Array,
  request: ProduceRequest,
  exchange: Exchange,
  attempt: number,
): Promise<PartitionReply> {
  const nowMs = broker.clock.nowMs()
  const rules = rulesOf(topic, nowMs, exchange.header.apiVersion)
  const valid = validateBatch(bytes, rules)
  if (!valid.ok) {
    const recordErrors = valid.recordErrors.map(({ batchIndex, message }) => {
      return { batchIndex, batchIndexErrorMessage: message }
    })
    const errorCode = refusedBatchCode(valid.reason)
    return { index, errorCode, baseOffset: -1, recordErrors, errorMessage: valid.message }
  }
  const { header } = valid
  if (header.isTransactional) {
    const errorMessage = 'transactions are not served by this broker'
    return { index, errorCode: ErrorCode.INVALID_TXN_STATE, baseOffset: -1, errorMessage }
  }
  const isStamped = rules.timestampType === 'log-append'
  if (isStamped) patchLogAppendTime(bytes, 0, nowMs)
  else if (valid.maxTimestamp !== header.maxTimestamp) {
    patchMaxTimestamp(bytes, 0, valid.maxTimestamp)
  }
  const maxTimestampMs = isStamped ? nowMs : valid.maxTimestamp
  const { topicId, configVersion } = topic
  const { producerId, producerEpoch, baseSequence } = header
  const intent = {
    topicId,
    partitionId,
    partitionIndex: index,
    configVersion,
    producerId,
    producerEpoch,
    baseSequence,
    offsetCount: header.lastOffsetDelta + 1,
    maxTimestampMs,
    byteLength: bytes.length,
  }
  try {
    const outcome = await broker.logs.append(intent, bytes, exchange.hold)
    const isOutdated = outcome.outcome === 'refused' && outcome.reason === 'config-changed'
    const now = isOutdated ? broker.topics.byId(topicId) : undefined
    if (now !== undefined && now.configVersion !== configVersion && attempt < attemptsMax) {
      const again = [now, partitionId, index, bytes, request, exchange, attempt + 1] as const
      return await appendBatch(broker, ...again)
    }
    return replyTo(broker, partitionId, index, outcome, isStamped ? maxTimestampMs : -1)
  } catch (error) {
    if (!isFailure(error)) throw error
    return { index, errorCode: failureCode(error), baseOffset: -1, errorMessage: error.message }
  }
}

function replyTo(
  broker: Broker,
  partitionId: number,
  index: number,
  outcome: AppendOutcome,
  stampedMs: number,
): PartitionReply {
  if (outcome.outcome === 'refused') {
    return { index, errorCode: refusedAppendCode(outcome.reason), baseOffset: -1 }
  }
  const logStartOffset = broker.logs.index.get(partitionId)?.logStart ?? -1
  const isFirst = outcome.outcome === 'appended'
  const logAppendTimeMs = stampedMs === -1 || isFirst ? stampedMs : outcome.timestampMs
  const { baseOffset } = outcome
  return { index, errorCode: ErrorCode.NONE, baseOffset, logAppendTimeMs, logStartOffset }
}

/** zstd came with Produce 7 (KIP-110). */
const zstdFrom = 7

function rulesOf({ effective }: KnownTopic, nowMs: number, apiVersion: number): BatchRules {
  const isCompacted = effective['cleanup.policy'].includes('compact')
  return {
    batchBytesMax: effective['max.message.bytes'],
    timestampType:
      effective['message.timestamp.type'] === 'LogAppendTime' ? 'log-append' : 'create',
    timestampBeforeMaxMs: effective['message.timestamp.before.max.ms'],
    timestampAfterMaxMs: effective['message.timestamp.after.max.ms'],
    nowMs,
    zstdAllowed: apiVersion >= zstdFrom,
    keysRequired: isCompacted,
    inspectRecords: isCompacted,
    decompressedBytesMax: DECOMPRESSED_BYTES_MAX,
  }
}
