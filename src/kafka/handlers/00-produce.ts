/**
 * Produce, versions 3 to 13: appends batches, and answers when they are durable and decided, for
 * acks=1 exactly as for acks=all. acks=0 has no answer; where something fails the connection ends,
 * as Kafka does.
 *
 * A batch that fails is refused alone. Before batches of a transaction are appended its state is
 * looked up; from version 12 on their partitions join it by that (KIP-890). The commit looks again.
 * KIPs: 98 (idempotence), 467 (errors of records), 516 (topic ids, 13+), 110 (zstd, 7+).
 */
import { isFailure } from '../../base/errors.ts'
import { unpooled } from '../../base/hold.ts'
import type { AppendOutcome } from '../../catalog/outcomes.ts'
import { boundTopic } from '../../log/bound-topic.ts'
import type { LatencyClass } from '../../log/broker-log.ts'
import type { KnownTopic } from '../../log/topic-directory.ts'
import { topicNameFault } from '../../log/topic-name.ts'
import { isTransactionalBatch } from '../../record/batch-header.ts'
import { DECOMPRESSED_BYTES_MAX } from '../../record/compression.ts'
import { RECORD_BYTES_MIN } from '../../record/record-cursor.ts'
import { type Refusal, validateBatch } from '../../record/validate-batch.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { produce, type ProduceReply, type ProduceRequest } from '../../wire/messages/00-produce.ts'
import type { Broker } from '../broker.ts'
import { zoneOf } from '../client-zone.ts'
import {
  refusedTransactionalCode,
  transactionOf,
  type WrittenFor,
  type WrittenTransaction,
} from '../produce-transaction.ts'
import { keptNow, needsPreparing, type Prepared, preparedFor } from '../produce-prepare.ts'
import { rulesOf, stampTimes } from '../produce-rules.ts'
import type { Exchange } from '../request.ts'
import { type Handled, type Handler, handler } from '../router.ts'
import { storedBatch } from '../stored-batch.ts'
import { failureCode, refusedAppendCode, refusedBatchCode } from '../to-error-code.ts'

type TopicData = ProduceRequest['topicData'][number]
type PartitionData = TopicData['partitionData'][number]
type TopicReply = ProduceReply['responses'][number]
type PartitionReply = TopicReply['partitionResponses'][number]

/** A topic's configs may change between validation and commit: judged again so often. */
const attemptsMax = 3

/**
 * In a compressed batch whose records nobody looks at, their number is only said: it takes offsets,
 * and must be one that readers can meet.
 */
const recordsMax = Math.floor(DECOMPRESSED_BYTES_MAX / RECORD_BYTES_MIN)

/** Less than this nobody can mean: a commit on a busy disk takes as long. */
const timeoutMsMin = 1_000

/** From here on topics are told by id (KIP-516). */
const byIdFrom = 13

/** One request on its way. */
interface Producing {
  readonly broker: Broker
  readonly request: ProduceRequest
  readonly exchange: Exchange
  /** What its transactional batches are written for; null without any, or a transactional id. */
  readonly writtenFor: WrittenFor
  /** It was answered: its bytes may be another request's by now. */
  isOver: boolean
}

/** What is known of a topic that was asked for, or why it is not. */
type Found = KnownTopic | number

export function produceHandler(broker: Broker): Handler {
  return handler(produce, (request, exchange) => {
    const producing: Producing = {
      broker,
      request,
      exchange,
      writtenFor: null,
      isOver: false,
    }
    const known = request.topicData.map((topic) => knownTopic(producing, topic))
    // Nothing is awaited where all topics are known: batches enter the journal's order now (W6).
    return known.includes(undefined) || request.transactionalId !== null
      ? produceAfterLookUp(producing)
      : produceTo(producing, known as Found[])
  })
}

/** Undefined: only the catalog can tell. */
function knownTopic({ broker, exchange }: Producing, topic: TopicData): Found | undefined {
  if (exchange.header.apiVersion < byIdFrom) return broker.topics.byName(topic.name)
  return broker.topics.byId(topic.topicId) ?? ErrorCode.UNKNOWN_TOPIC_ID
}

async function produceAfterLookUp(
  producing: Producing,
): Promise<Handled<ProduceReply> | 'silent' | 'close'> {
  const found: Found[] = []
  for (const topic of producing.request.topicData) {
    found.push(knownTopic(producing, topic) ?? (await findTopic(producing.broker, topic.name)))
  }
  const { transactionalId } = producing.request
  if (transactionalId === null) return produceTo(producing, found)
  const writtenFor = await lookUpTransaction(producing, transactionalId, found)
  return produceTo({ ...producing, writtenFor }, found)
}

function lookUpTransaction(
  { broker, request, exchange }: Producing,
  transactionalId: string,
  found: readonly Found[],
): Promise<WrittenFor> {
  const batches = request.topicData.flatMap(({ partitionData }, at) => {
    const topic = found[at]
    if (topic === undefined || typeof topic === 'number') return []
    return partitionData.flatMap(({ index, records }) => {
      const partitionId = topic.partitionIds[index]
      return partitionId === undefined || records === null ? [] : [{ partitionId, bytes: records }]
    })
  })
  return transactionOf(broker, transactionalId, exchange.header.apiVersion, batches)
}

async function findTopic({ topics }: Broker, name: string): Promise<Found> {
  // As Kafka: to a producer a name that cannot be is one that is not there.
  if (topicNameFault(name) !== undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  try {
    return (await topics.find(name)) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  } catch (error) {
    if (!isFailure(error)) throw error
    return failureCode(error)
  }
}

async function produceTo(
  producing: Producing,
  found: readonly Found[],
): Promise<Handled<ProduceReply> | 'silent' | 'close'> {
  const { request } = producing
  const isNow = !turns.has(producing.exchange.peer) && areKeptNow(producing, found)
  const pending = isNow
    ? appendAll(producing, found, undefined)
    : await appendInTurn(producing, found)
  const decided = await decidedInTime(producing, pending)
  producing.isOver = true
  const responses: TopicReply[] = request.topicData.flatMap(({ name, topicId }, index) => {
    const partitionResponses = decided[index] ?? []
    return partitionResponses.length === 0 ? [] : [{ name, topicId, partitionResponses }]
  })
  if (request.acks !== 0) return { response: { responses } }
  const isClean = responses.every(({ partitionResponses }) =>
    partitionResponses.every(({ errorCode }) => errorCode === ErrorCode.NONE),
  )
  return isClean ? 'silent' : 'close'
}

/**
 * By connection, while batches of a request are prepared: resolves when they are appended. Appends
 * of the requests behind it wait for that, so that the journal's order is that of requests.
 */
const turns = new WeakMap<object, Promise<void>>()

/** Batches are prepared while those of other requests are, and appended after theirs. */
async function appendInTurn(
  producing: Producing,
  found: readonly Found[],
): Promise<readonly (readonly Promise<PartitionReply>[])[]> {
  const { peer, next } = producing.exchange
  const before = turns.get(peer)
  const preparing = found.some(isPrepared) ? prepareAll(producing, found) : undefined
  next()
  const appending = Promise.all([preparing, before]).then(([prepared]) =>
    appendAll(producing, found, prepared),
  )
  const turn = appending.then(
    () => undefined,
    () => undefined,
  )
  turns.set(peer, turn)
  try {
    return await appending
  } finally {
    if (turns.get(peer) === turn) turns.delete(peer)
  }
}

/** Begins to append; the next request of the connection may begin then. */
function appendAll(
  producing: Producing,
  found: readonly Found[],
  prepared: ReadonlyMap<PartitionData, Prepared> | undefined,
): readonly (readonly Promise<PartitionReply>[])[] {
  const pending = producing.request.topicData.map((topic, index) =>
    topic.partitionData.map((data) =>
      append(producing, found[index] as Found, data, prepared?.get(data)),
    ),
  )
  producing.exchange.next()
  return pending
}

/** False: some batch is to be prepared. True: none is, and those that were looked at are counted. */
function areKeptNow({ broker, request }: Producing, found: readonly Found[]): boolean {
  let records = 0
  for (const [at, { partitionData }] of request.topicData.entries()) {
    const topic = found[at]
    if (topic === undefined || !isPrepared(topic)) continue
    for (const { index, records: bytes } of partitionData) {
      if (bytes === null || topic.partitionIds[index] === undefined) continue
      const kept = keptNow(broker, topic, bytes)
      if (kept === undefined) return false
      records += kept
    }
  }
  broker.contracts.stats.records += records
  return true
}

const isPrepared = (topic: Found): topic is KnownTopic =>
  typeof topic !== 'number' && needsPreparing(topic)

/** Of the request's batches, those that cannot be appended as they were sent. */
async function prepareAll(
  { broker, request, exchange }: Producing,
  found: readonly Found[],
): Promise<ReadonlyMap<PartitionData, Prepared>> {
  const all = new Map<PartitionData, Prepared>()
  const under = request.topicData.flatMap(({ partitionData }, at) => {
    const topic = found[at]
    if (topic === undefined || typeof topic === 'number' || !needsPreparing(topic)) return []
    const rules = rulesOf(topic, broker.clock.nowMs(), exchange.header.apiVersion)
    return partitionData.map(async (data) => {
      const partitionId = topic.partitionIds[data.index]
      if (data.records === null || partitionId === undefined) return
      const prepared = await preparedFor(broker, topic, partitionId, data.records, rules)
      if (prepared !== undefined) all.set(data, prepared)
    })
  })
  await Promise.all(under)
  return all
}

/** To a client of a broker that is cut off: nothing is written, it looks for another broker. */
const elsewhere = {
  errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER,
  errorMessage: 'this broker is cut off from the catalog: ask another',
}

/**
 * What is on its way then may still be committed, so that it is not refused: a client tries again,
 * and that request is sent elsewhere.
 */
const undecidedHere = {
  errorCode: ErrorCode.REQUEST_TIMED_OUT,
  baseOffset: -1,
  errorMessage: 'not decided: this broker is cut off from the catalog',
}

/** All outcomes; those that are not there when the client's time is up may still become either. */
async function decidedInTime(
  { broker, request }: Producing,
  pending: readonly (readonly Promise<PartitionReply>[])[],
): Promise<readonly (readonly PartitionReply[])[]> {
  const { clock, cluster } = broker
  const late = Promise.withResolvers<Omit<PartitionReply, 'index'>>()
  const timeoutMs = Math.max(request.timeoutMs, timeoutMsMin)
  const timer = clock.after(timeoutMs, () => {
    const errorMessage = `not decided after ${timeoutMs} ms`
    late.resolve({ errorCode: ErrorCode.REQUEST_TIMED_OUT, baseOffset: -1, errorMessage })
  })
  const stay = cluster.onCutOff(() => late.resolve(undecidedHere))
  const all = Promise.all(pending.map((each) => Promise.all(each)))
  const decided = await Promise.race([all, late.promise]).finally(() => {
    timer.cancel()
    stay()
  })
  if (Array.isArray(decided)) return decided
  const undecided = await late.promise
  const replies = request.topicData.map(({ partitionData }, topic) =>
    partitionData.map(({ index }, at) => {
      const timedOut = Promise.resolve({ index, ...undecided })
      return Promise.race([pending[topic]?.[at] ?? timedOut, timedOut])
    }),
  )
  return Promise.all(replies.map((each) => Promise.all(each)))
}

function append(
  producing: Producing,
  topic: Found,
  data: PartitionData,
  prepared: Prepared | undefined,
): Promise<PartitionReply> {
  const { index, records } = data
  const { request } = producing
  const refused = (
    errorCode: number,
    errorMessage: string | null = null,
  ): Promise<PartitionReply> => Promise.resolve({ index, errorCode, baseOffset: -1, errorMessage })
  const { acks } = request
  if (acks !== -1 && acks !== 0 && acks !== 1) {
    return refused(ErrorCode.INVALID_REQUIRED_ACKS, `acks ${acks}: only -1, 0 and 1 exist`)
  }
  if (typeof topic === 'number') return refused(topic)
  const partitionId = topic.partitionIds[index]
  if (partitionId === undefined) return refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  const { peer, header } = producing.exchange
  const zone = zoneOf(header.clientId)
  producing.broker.zoneTraffic.moved('produce', zone, records?.length ?? 0)
  if (producing.broker.cluster.isCutOff()) {
    return refused(elsewhere.errorCode, elsewhere.errorMessage)
  }
  if (producing.broker.nudges.isDue(peer, partitionId, zone)) {
    return refused(ErrorCode.NOT_LEADER_OR_FOLLOWER)
  }
  const { writtenFor } = producing
  if (records === null) return refused(ErrorCode.INVALID_RECORD, 'no record batch')
  if (writtenFor !== null && 'errorCode' in writtenFor && isTransactionalBatch(records)) {
    return refused(writtenFor.errorCode)
  }
  return appendBatch(producing, topic, { partitionId, index, sent: records, prepared }, 1)
}

/** A batch on its way to its partition. */
interface Placed {
  readonly partitionId: number
  readonly index: number
  readonly sent: Uint8Array
  /** What is appended in its place, or why it is not. */
  readonly prepared: Prepared | undefined
}

async function appendBatch(
  producing: Producing,
  topic: KnownTopic,
  placed: Placed,
  attempt: number,
): Promise<PartitionReply> {
  const { broker, exchange } = producing
  const { partitionId, index, sent, prepared } = placed
  const nowMs = broker.clock.nowMs()
  const rules = rulesOf(topic, nowMs, exchange.header.apiVersion)
  try {
    if (prepared !== undefined && 'errorCode' in prepared) {
      return { index, baseOffset: -1, ...prepared }
    }
    const bytes = prepared?.ok === true ? prepared.bytes : sent
    const fileBytes = broker.config['journal.file.bytes']
    if (bytes.length > fileBytes) {
      const errorMessage = `batch of ${bytes.length} bytes, a journal file has ${fileBytes}`
      return { index, errorCode: ErrorCode.RECORD_LIST_TOO_LARGE, baseOffset: -1, errorMessage }
    }
    const valid = prepared ?? validateBatch(bytes, rules)
    if (!valid.ok) return refusedBatch(index, valid)
    const { header } = valid
    if (header.recordCount > recordsMax) {
      const errorMessage = `${header.recordCount} records, at most ${recordsMax} can be unpacked`
      return { index, errorCode: ErrorCode.INVALID_RECORD, baseOffset: -1, errorMessage }
    }
    const { writtenFor } = producing
    if (header.isTransactional && writtenFor === null) {
      const errorCode = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
      return { index, errorCode, baseOffset: -1 }
    }
    const { maxTimestampMs, stampedMs, sentHeader } = stampTimes(bytes, valid, rules)
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
      ...(header.isTransactional ? partOf(writtenFor) : {}),
      ...(topic.contract === null ? {} : { isFollowed: () => broker.contracts.isChecking }),
    }
    const hold = bytes === sent ? exchange.hold : unpooled
    const decided = broker.nudges.began(exchange.peer, partitionId)
    const outcome = await broker.logs.append(intent, bytes, hold, latencyOf(topic)).finally(decided)
    const isOutdated = outcome.outcome === 'refused' && outcome.reason === 'config-changed'
    const now = isOutdated && !producing.isOver ? await broker.topics.now(topic) : undefined
    if (now !== undefined && isNext(now, topic) && attempt < attemptsMax) {
      // Judged again as it was sent: only brokers may have stamped a batch.
      if (sentHeader !== undefined) bytes.set(sentHeader)
      return await appendAgain(producing, now, placed, attempt + 1)
    }
    const lost = await lostOnTheWay(producing, topic, placed, outcome)
    if (lost !== undefined) return { index, baseOffset: -1, ...lost }
    return replyTo(producing, intent, outcome, stampedMs)
  } catch (error) {
    if (!isFailure(error)) throw error
    return { index, errorCode: failureCode(error), baseOffset: -1, errorMessage: error.message }
  }
}

/**
 * Undefined: all that was taken out of the batch is in the quarantine topic. Else the batch is
 * written and they are not, which is no refusal: sent again it is known, and they are written.
 */
async function lostOnTheWay(
  { broker, isOver }: Producing,
  topic: KnownTopic,
  { partitionId, index: partition, sent, prepared }: Placed,
  outcome: AppendOutcome,
): Promise<{ readonly errorCode: number; readonly errorMessage: string } | undefined> {
  if (topic.contract === null || outcome.outcome === 'refused') return undefined
  const { baseOffset } = outcome
  try {
    let aside = prepared !== undefined && 'aside' in prepared ? prepared.aside : undefined
    if (outcome.outcome === 'duplicate') {
      if (isOver) return undefined
      // Its records were taken out by what held when it was written, which may be another revision.
      const place = { topic: topic.name, topicId: topic.topicId, partition, offset: baseOffset }
      const stored = (): ReturnType<typeof storedBatch> =>
        storedBatch(broker, partitionId, baseOffset)
      aside = await broker.contracts.asideOf(boundTopic(topic), place, sent, stored)
    }
    if (aside !== undefined) await broker.sink.setAside(topic, { partition, baseOffset }, aside)
    return undefined
  } catch (error) {
    if (!isFailure(error)) throw error
    const errorMessage = `it is written, but what was taken out of it is not: ${error.message}`
    return { errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage }
  }
}

/**
 * True where nothing else held between the two. Brokers judge alike under one configuration, so who
 * judges a batch again says what others say of its retry. Where one held in between, a retry may
 * have been refused under it, for good: then the batch must not be written after all. (Found by
 * simulation, seed 1700289908 of 2026-11-30: a slow broker wrote under the revision of a contract
 * after the one under which another broker had refused.)
 */
const isNext = (now: KnownTopic, before: KnownTopic): boolean =>
  now.configVersion === before.configVersion + 1

const latencyOf = ({ effective }: KnownTopic): LatencyClass => effective['karst.latency.class']

/** By what the topic is now, which may be under another contract, or store another codec. */
async function appendAgain(
  producing: Producing,
  topic: KnownTopic,
  placed: Placed,
  attempt: number,
): Promise<PartitionReply> {
  if (!needsPreparing(topic))
    return appendBatch(producing, topic, { ...placed, prepared: undefined }, attempt)
  const { broker, exchange } = producing
  const rules = rulesOf(topic, broker.clock.nowMs(), exchange.header.apiVersion)
  // A copy: the request may be answered as late meanwhile, and its memory be another's.
  const sent = Uint8Array.from(placed.sent)
  const prepared = await preparedFor(broker, topic, placed.partitionId, sent, rules)
  return appendBatch(producing, topic, { ...placed, sent, prepared }, attempt)
}

function refusedBatch(index: number, refusal: Refusal): PartitionReply {
  const recordErrors = refusal.recordErrors.map(({ batchIndex, message }) => {
    return { batchIndex, batchIndexErrorMessage: message }
  })
  const errorCode = refusedBatchCode(refusal.reason)
  return { index, errorCode, baseOffset: -1, recordErrors, errorMessage: refusal.message }
}

const partOf = (writtenFor: WrittenFor): { readonly transaction?: WrittenTransaction } =>
  writtenFor !== null && 'serial' in writtenFor ? { transaction: writtenFor } : {}

interface WrittenIntent {
  readonly partitionId: number
  readonly partitionIndex: number
  readonly transaction?: WrittenTransaction
}

function replyTo(
  { broker, exchange }: Producing,
  { partitionId, partitionIndex: index, transaction }: WrittenIntent,
  outcome: AppendOutcome,
  stampedMs: number,
): PartitionReply {
  if (outcome.outcome === 'refused') {
    const { reason } = outcome
    const errorCode =
      transaction === undefined
        ? refusedAppendCode(reason)
        : refusedTransactionalCode(broker, transaction, reason, exchange.header.apiVersion)
    return { index, errorCode, baseOffset: -1 }
  }
  const logStartOffset = broker.logs.index.get(partitionId)?.logStart ?? -1
  const isFirst = outcome.outcome === 'appended'
  const logAppendTimeMs = stampedMs === -1 || isFirst ? stampedMs : outcome.timestampMs
  const { baseOffset } = outcome
  return { index, errorCode: ErrorCode.NONE, baseOffset, logAppendTimeMs, logStartOffset }
}
