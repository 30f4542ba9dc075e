/**
 * Fetch, versions 4 to 18: batches from offsets on, waiting up to max_wait for min_bytes.
 *
 * - Sessions (KIP-227) are refused lawfully: every answer has session id 0, and clients send all
 *   partitions.
 * - At least one batch comes even if it is larger than every limit (KIP-74); the partition that is
 *   asked first changes from fetch to fetch, so that none starves behind full ones.
 * - Batches keep their producer's bytes; the first may begin before the offset asked for.
 * - read_committed (KIP-98) sees up to the last stable offset, and is told which transactions of what
 *   it gets were aborted; read_uncommitted sees everything.
 * - A client that is older than zstd (below 10) is told so, not given what it cannot read (KIP-110).
 * - Topics by name (4-12) or id (13+, KIP-516). No diverging epochs.
 * - A consumer in another zone is told the broker of its own (11+, KIP-392).
 */
import { isFailure } from '../../base/errors.ts'
import type { KnownTopic } from '../../log/topic-directory.ts'
import type { LogVersion, ReadResult } from '../../log/log-reader.ts'
import type { Isolation, PartitionLog } from '../../log/partition-log.ts'
import { codecIdOf } from '../../record/batch-header.ts'
import { forEachBatch } from '../../record/batch-sequence.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { fetch, type FetchReply, type FetchRequest } from '../../wire/messages/01-fetch.ts'
import type { Broker } from '../broker.ts'
import { zoneOf } from '../client-zone.ts'
import { FetchWait, pause } from '../fetch-wait.ts'
import { leaderEpochCode, logOrCode } from '../partition-look-up.ts'
import { ReadFaults } from '../read-faults.ts'
import { clientOf } from '../request.ts'
import { type Handler, handler } from '../router.ts'
import { failureCode } from '../to-error-code.ts'

type Asked = FetchRequest['topics'][number]['partitions'][number]
type PartitionReply = FetchReply['responses'][number]['partitions'][number]

type Records = Extract<ReadResult, { readonly outcome: 'records' }>

/** One partition of a fetch, resolved. */
interface Target {
  readonly asked: Asked
  readonly log: PartitionLog | undefined
  /** Why it cannot be read. */
  readonly fault: number
}

/** What one look at all partitions found. */
interface Look {
  readonly replies: Map<Asked, PartitionReply>
  readonly releases: (() => void)[]
  byteLength: number
  hasError: boolean
}

/**
 * Of all answers that are not sent yet; they hold memory as long as clients do not read. Beyond,
 * answers get smaller, down to one batch.
 */
const unsentBytesMax = 256 * 1024 * 1024

/** From here on topics are told by id (KIP-516). */
const byIdFrom = 13

/** zstd came with Fetch 10 (KIP-110). */
const zstdFrom = 10
const zstdId = 4

/** isolation_level of KIP-98. */
const readCommitted = 1

/**
 * Where partitions grow without there being enough, the next look waits for a part of the time
 * waited so far: what is read again and again stays little, however long the wait and small the
 * growth.
 */
const pauseDivisor = 8

/** Everything that one answer is made of. */
interface Fetching {
  readonly broker: Broker
  readonly request: FetchRequest
  readonly isById: boolean
  /** Which partition is looked at first. */
  readonly turn: number
  readonly bytesMax: number
  readonly knowsZstd: boolean
  readonly isolation: Isolation
  readonly faults: ReadFaults
  /** True where the client shall look for the partition's broker anew. */
  readonly isNudged: (partitionId: number) => boolean
}

export function fetchHandler(broker: Broker): Handler {
  /** Where each connection's next fetch begins its round. */
  const turns = new WeakMap<object, number>()
  const faults = new ReadFaults(broker.clock, broker.log)
  let unsentBytes = 0
  return handler(fetch, async (request, exchange) => {
    const { header, peer, signal } = exchange
    // A full fetch may end a session, or ask for one: nobody has to know of it.
    if (request.sessionEpoch > 0) {
      const errorCode = ErrorCode.FETCH_SESSION_ID_NOT_FOUND
      return { response: { errorCode, responses: [] } }
    }
    const turn = turns.get(peer) ?? 0
    turns.set(peer, (turn + 1) % 1_000_000)
    // An answer that would make the client pause for certain would never reach it (KIP-219).
    const quotaBytesMax = broker.meters.windowMax('consumer_byte_rate', clientOf(exchange))
    const roomBytes = Math.min(unsentBytesMax - unsentBytes, quotaBytesMax)
    const bytesMax = Math.min(request.maxBytes, broker.config['fetch.max.bytes'], roomBytes)
    const isById = header.apiVersion >= byIdFrom
    const knowsZstd = header.apiVersion >= zstdFrom
    const isolation = request.isolationLevel === readCommitted ? 'committed' : 'uncommitted'
    const fetching: Fetching = {
      ...{ broker, request, isById, turn, bytesMax },
      ...{ knowsZstd, isolation, faults },
      isNudged: (id) => broker.nudges.isDue(peer, id, zoneOf(header.clientId)),
    }
    const look = await lookUntilEnough(fetching, signal)
    unsentBytes += look.byteLength
    const zone = request.rackId || zoneOf(header.clientId)
    broker.zoneTraffic.moved('fetch', zone, look.byteLength)
    const release = (): void => {
      unsentBytes -= look.byteLength
      for (const each of look.releases) each()
    }
    return { response: { responses: responsesOf(request, look) }, release }
  })
}

/** All partitions in the order asked for. Again for every look: topics are made and deleted. */
function resolve({ broker, request, isById, isNudged }: Fetching): Target[] {
  const missing = isById ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  return request.topics.flatMap(({ topic, topicId, partitions }) => {
    const known = isById ? broker.topics.byId(topicId) : broker.topics.byName(topic)
    return partitions.map((asked) => {
      const target = resolvePartition(broker, known, asked, missing)
      const isMoved = target.log !== undefined && isNudged(target.log.partitionId)
      return isMoved ? { ...target, fault: ErrorCode.NOT_LEADER_OR_FOLLOWER } : target
    })
  })
}

function resolvePartition(
  broker: Broker,
  topic: KnownTopic | undefined,
  asked: Asked,
  missing: number,
): Target {
  if (topic === undefined) return { asked, log: undefined, fault: missing }
  const log = logOrCode(broker, topic, asked.partition)
  if (typeof log === 'number') return { asked, log: undefined, fault: log }
  return { asked, log, fault: leaderEpochCode(log, asked.currentLeaderEpoch) }
}

/** Looks, and looks again when a partition has grown, until there is enough or time is up. */
async function lookUntilEnough(fetching: Fetching, signal: AbortSignal): Promise<Look> {
  const { broker, request } = fetching
  const { clock } = broker
  const beginMs = clock.monotonicMs()
  const deadlineMs = beginMs + request.maxWaitMs
  for (let looks = 1; ; looks++) {
    const targets = resolve(fetching)
    // Growth that comes while we look must not be missed: wait is armed before.
    using wait = new FetchWait(targets, fetching.isolation)
    const look = await lookOnce(fetching, targets)
    const nowMs = clock.monotonicMs()
    // More than may be sent is not waited for.
    const minBytes = Math.min(request.minBytes, Math.max(fetching.bytesMax, 1))
    const isEnough = look.byteLength >= minBytes || look.hasError
    if (isEnough || nowMs >= deadlineMs || signal.aborted) return look
    if (looks > 1) {
      const pauseMs = Math.min((nowMs - beginMs) / pauseDivisor, deadlineMs - nowMs)
      await pause(clock, pauseMs, signal)
    }
    if (!(await wait.until(clock, deadlineMs - clock.monotonicMs(), signal))) return look
    for (const release of look.releases) release()
  }
}

async function lookOnce(fetching: Fetching, targets: readonly Target[]): Promise<Look> {
  const look: Look = { replies: new Map(), releases: [], byteLength: 0, hasError: false }
  await prepareAll(fetching, targets)
  for (let index = 0; index < targets.length; index++) {
    const target = targets[(index + fetching.turn) % targets.length] as Target
    const reply =
      redirected(fetching, target) ??
      atEnd(target, fetching.isolation) ??
      (await readTarget(fetching, target, look))
    look.replies.set(target.asked, reply)
    if (reply.errorCode !== ErrorCode.NONE || isRedirect(reply)) look.hasError = true
  }
  return look
}

/** Partitions whose storage is asked at once, before they are read in turn. */
const preparedMax = 16

/** Who catches up on many partitions does not wait for them one after another. */
async function prepareAll(fetching: Fetching, targets: readonly Target[]): Promise<void> {
  const { broker, turn } = fetching
  const behind: Promise<void>[] = []
  for (let index = 0; index < targets.length && behind.length < preparedMax; index++) {
    const { log, fault, asked } = targets[(index + turn) % targets.length] as Target
    if (log === undefined || fault !== ErrorCode.NONE || asked.fetchOffset >= log.packedEnd)
      continue
    behind.push(broker.logs.reader.prepare(log, asked.fetchOffset))
  }
  // One alone is read at once.
  if (behind.length > 1) await Promise.all(behind)
}

/** The consumer's own zone has a broker for the partition: it reads there from now on (KIP-392). */
function redirected(
  { broker, request, isolation }: Fetching,
  { asked, log, fault }: Target,
): PartitionReply | undefined {
  if (log === undefined || fault !== ErrorCode.NONE) return undefined
  const preferredReadReplica = broker.cluster.readerFor(log.partitionId, request.rackId)
  if (preferredReadReplica === undefined) return undefined
  return { ...replyOf(asked, log, isolation), preferredReadReplica }
}

const isRedirect = ({ preferredReadReplica = -1 }: PartitionReply): boolean =>
  preferredReadReplica >= 0

/** A partition that has nothing new, without waiting for anything: most of them, most of the time. */
function atEnd({ asked, log, fault }: Target, isolation: Isolation): PartitionReply | undefined {
  const isAtEnd = log !== undefined && asked.fetchOffset === log.endFor(isolation)
  return isAtEnd && fault === ErrorCode.NONE ? replyOf(asked, log, isolation) : undefined
}

/** Of a partition that has nothing to tell but its ends. */
function replyOf(
  { partition: partitionIndex }: Asked,
  { logStart, logEnd, stableEnd }: LogVersion,
  isolation: Isolation,
): PartitionReply {
  return {
    partitionIndex,
    errorCode: ErrorCode.NONE,
    highWatermark: logEnd,
    lastStableOffset: stableEnd,
    logStartOffset: logStart,
    abortedTransactions: isolation === 'committed' ? [] : null,
    records: [],
  }
}

async function readTarget(
  fetching: Fetching,
  { asked, log, fault }: Target,
  look: Look,
): Promise<PartitionReply> {
  const { broker, bytesMax, isolation } = fetching
  const { partition: partitionIndex, fetchOffset, partitionMaxBytes } = asked
  if (log === undefined || fault !== ErrorCode.NONE) {
    // As Kafka: none were aborted where there is nothing, and it is not known where there is.
    const abortedTransactions = log === undefined ? [] : null
    const unknown = { highWatermark: -1, abortedTransactions, records: [] }
    return { partitionIndex, errorCode: fault, ...unknown }
  }
  const roomBytes = Math.min(partitionMaxBytes, bytesMax - look.byteLength)
  const isWorthIt = roomBytes > 0 || look.byteLength === 0 || fetchOffset < log.logStart
  if (!isWorthIt) return replyOf(asked, log, isolation)
  try {
    const result = await broker.logs.read(log, fetchOffset, Math.max(roomBytes, 1), isolation)
    if (result.outcome === 'out-of-range') {
      return refusedReply(asked, log, isolation, ErrorCode.OFFSET_OUT_OF_RANGE)
    }
    if (!fetching.knowsZstd && holdsZstd(result.chunks)) {
      result.release()
      return refusedReply(asked, log, isolation, ErrorCode.UNSUPPORTED_COMPRESSION_TYPE)
    }
    const reply = replyOf(asked, result.version, isolation)
    if (look.byteLength > 0 && result.byteLength > roomBytes) {
      result.release()
      return reply
    }
    look.byteLength += result.byteLength
    look.releases.push(result.release)
    return { ...reply, records: result.chunks, ...toldAborted(result) }
  } catch (error) {
    if (!isFailure(error)) throw error
    const topic = broker.topics.byId(log.topicId)?.name ?? log.topicId
    const fault = { topic, partition: partitionIndex, fetchOffset, error: error.message }
    fetching.faults.met(log.partitionId, fault)
    return refusedReply(asked, log, isolation, failureCode(error))
  }
}

function refusedReply(
  asked: Asked,
  log: PartitionLog,
  isolation: Isolation,
  errorCode: number,
): PartitionReply {
  return { ...replyOf(asked, log, isolation), errorCode, abortedTransactions: null }
}

function toldAborted({
  aborted,
}: Records): Pick<PartitionReply, 'abortedTransactions'> | undefined {
  if (aborted === undefined) return undefined
  const abortedTransactions = aborted.map(({ producerId, firstOffset }) => {
    return { producerId, firstOffset }
  })
  return { abortedTransactions }
}

function holdsZstd(chunks: readonly Uint8Array[]): boolean {
  let holds = false
  for (const bytes of chunks) {
    forEachBatch(bytes, (at) => (holds ||= codecIdOf(bytes, at) === zstdId))
  }
  return holds
}

/** Topics and partitions in the order in which they were asked for. */
function responsesOf(request: FetchRequest, look: Look): FetchReply['responses'] {
  return request.topics.map(({ topic, topicId, partitions }) => ({
    topic,
    topicId,
    partitions: partitions.flatMap((asked) => look.replies.get(asked) ?? []),
  }))
}
