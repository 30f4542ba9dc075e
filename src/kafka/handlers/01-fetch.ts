/**
 * Fetch, versions 4 to 18: batches from offsets on, waiting up to max_wait for min_bytes.
 *
 * - Sessions (KIP-227) are refused lawfully: every answer has session id 0, and clients send all
 *   partitions.
 * - At least one batch comes even if it is larger than every limit (KIP-74); the partition that is
 *   asked first changes from fetch to fetch, so that none starves behind full ones.
 * - Batches keep their producer's bytes; the first may begin before the offset asked for.
 * - Topics by name (4-12) or id (13+, KIP-516). No preferred replica, no diverging epochs.
 */
import { isFailure } from '../../base/errors.ts'
import type { KnownTopic } from '../../log/topic-directory.ts'
import type { PartitionLog } from '../../log/partition-log.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { fetch, type FetchReply, type FetchRequest } from '../../wire/messages/01-fetch.ts'
import type { Broker } from '../broker.ts'
import { FetchWait } from '../fetch-wait.ts'
import type { Exchange } from '../request.ts'
import { type Handled, type Handler, handler } from '../router.ts'
import { failureCode } from '../to-error-code.ts'

type AskedTopic = FetchRequest['topics'][number]
type Asked = AskedTopic['partitions'][number]
type PartitionReply = FetchReply['responses'][number]['partitions'][number]

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

/** `fetch.max.bytes` of Kafka's brokers: one answer is never larger, but for a single batch. */
const answerBytesMax = 55 * 1024 * 1024

export function fetchHandler(broker: Broker): Handler {
  /** Where the next fetch begins its round; one for all connections is as fair as one for each. */
  let turn = 0
  return handler(fetch, async (request, exchange) => {
    if (request.sessionId !== 0) {
      const errorCode = ErrorCode.FETCH_SESSION_ID_NOT_FOUND
      return { response: { errorCode, responses: [] } }
    }
    const targets = request.topics.flatMap((topic) => resolve(broker, topic))
    turn = (turn + 1) % 1_000_000
    const look = await lookUntilEnough(broker, request, targets, turn, exchange)
    return answer(request, look)
  })
}

function resolve(broker: Broker, topic: AskedTopic): Target[] {
  const isById = topic.topic === ''
  const known = isById ? broker.topics.byId(topic.topicId) : broker.topics.byName(topic.topic)
  const missing = isById ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  return topic.partitions.map((asked) => resolvePartition(broker, known, asked, missing))
}

function resolvePartition(
  broker: Broker,
  topic: KnownTopic | undefined,
  asked: Asked,
  missing: number,
): Target {
  if (topic === undefined) return { asked, log: undefined, fault: missing }
  const partitionId = topic.partitionIds[asked.partition]
  const log = partitionId === undefined ? undefined : broker.logs.index.get(partitionId)
  if (log === undefined) {
    return { asked, log: undefined, fault: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
  }
  const { currentLeaderEpoch: epoch } = asked
  if (epoch > log.leaderEpoch) return { asked, log, fault: ErrorCode.UNKNOWN_LEADER_EPOCH }
  if (epoch >= 0 && epoch < log.leaderEpoch) {
    return { asked, log, fault: ErrorCode.FENCED_LEADER_EPOCH }
  }
  return { asked, log, fault: ErrorCode.NONE }
}

/** Looks, and looks again when a partition has grown, until there is enough or time is up. */
async function lookUntilEnough(
  broker: Broker,
  request: FetchRequest,
  targets: readonly Target[],
  turn: number,
  { signal }: Exchange,
): Promise<Look> {
  const logs = targets.flatMap(({ log }) => (log === undefined ? [] : [log]))
  const deadlineMs = broker.clock.monotonicMs() + request.maxWaitMs
  for (;;) {
    // Growth that comes while we look must not be missed: wait is armed before.
    using wait = new FetchWait(logs)
    const look = await lookOnce(broker, request, targets, turn)
    const leftMs = deadlineMs - broker.clock.monotonicMs()
    const isEnough = look.byteLength >= request.minBytes || look.hasError
    if (isEnough || leftMs <= 0 || signal.aborted) return look
    const hasGrown = await wait.until(broker.clock, leftMs, signal)
    if (!hasGrown) return look
    for (const release of look.releases) release()
  }
}

async function lookOnce(
  broker: Broker,
  request: FetchRequest,
  targets: readonly Target[],
  turn: number,
): Promise<Look> {
  const look: Look = { replies: new Map(), releases: [], byteLength: 0, hasError: false }
  const bytesMax = Math.min(request.maxBytes, answerBytesMax)
  for (let index = 0; index < targets.length; index++) {
    const target = targets[(index + turn) % targets.length] as Target
    const reply = await readTarget(broker, target, bytesMax, look)
    look.replies.set(target.asked, reply)
    if (reply.errorCode !== ErrorCode.NONE) look.hasError = true
  }
  return look
}

async function readTarget(
  broker: Broker,
  { asked, log, fault }: Target,
  bytesMax: number,
  look: Look,
): Promise<PartitionReply> {
  const { partition: partitionIndex, fetchOffset, partitionMaxBytes } = asked
  if (log === undefined || fault !== ErrorCode.NONE) {
    return {
      partitionIndex,
      errorCode: fault,
      highWatermark: -1,
      abortedTransactions: null,
      records: [],
    }
  }
  const roomBytes = Math.min(partitionMaxBytes, bytesMax - look.byteLength)
  let errorCode: number = ErrorCode.NONE
  let records: readonly Uint8Array[] = []
  if (roomBytes > 0 || look.byteLength === 0 || fetchOffset < log.logStart) {
    try {
      const result = await broker.logs.read(log, fetchOffset, Math.max(roomBytes, 0))
      if (result.outcome === 'out-of-range') errorCode = ErrorCode.OFFSET_OUT_OF_RANGE
      else if (look.byteLength > 0 && result.byteLength > roomBytes) result.release()
      else {
        records = result.chunks
        look.byteLength += result.byteLength
        look.releases.push(result.release)
      }
    } catch (error) {
      if (!isFailure(error)) throw error
      const { partitionId } = log
      broker.log.warn({ partitionId, fetchOffset, error: error.message }, 'cannot read a partition')
      errorCode = failureCode(error)
    }
  }
  const highWatermark = Math.max(log.logEnd, errorCode === ErrorCode.NONE ? fetchOffset : 0)
  return {
    partitionIndex,
    errorCode,
    highWatermark,
    lastStableOffset: highWatermark,
    logStartOffset: log.logStart,
    abortedTransactions: null,
    records,
  }
}

/** Topics and partitions in the order in which they were asked for. */
function answer(request: FetchRequest, look: Look): Handled<FetchReply> {
  const responses = request.topics.map(({ topic, topicId, partitions }) => ({
    topic,
    topicId,
    partitions: partitions.flatMap((asked) => look.replies.get(asked) ?? []),
  }))
  const release = (): void => {
    for (const each of look.releases) each()
  }
  return { response: { responses }, release }
}
