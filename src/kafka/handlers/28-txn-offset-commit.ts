/**
 * TxnOffsetCommit, versions 0 to 5: offsets that a group has committed once the transaction has.
 * Until then they are pending (KIP-447).
 *
 * - 3+: member, generation and instance are those of the group, or the commit is refused.
 * - 5+: joins the transaction; before, AddOffsetsToTxn must have done so (KIP-890).
 */
import type { TransactionRefusal } from '../../txn/state-table.ts'
import type { GroupRefusal } from '../../group/refusal.ts'
import type { OffsetToCommit } from '../../group/offsets.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  txnOffsetCommit,
  type TxnOffsetCommitReply,
  type TxnOffsetCommitRequest,
} from '../../wire/messages/28-txn-offset-commit.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { groupRefusalCode, transactionRefusalCode } from '../to-error-code.ts'
import { hasPartition, lookUpTopic } from '../topic-look-up.ts'

type AskedTopic = TxnOffsetCommitRequest['topics'][number]

/** One partition of the request: either with a fault already, or the next of those committed. */
interface Target {
  readonly partitionIndex: number
  readonly offset: OffsetToCommit | undefined
  readonly fault: number
}

/** Clients of transactions know one code for them, and abort. */
const outdated: ReadonlySet<GroupRefusal> = new Set(['group-not-found', 'stale-member-epoch'])

const joinsFrom = 5
/** From here on clients know that a transaction may be aborted and begun again (KIP-890). */
const abortableFrom = 4

export function txnOffsetCommitHandler(broker: Broker): Handler {
  return handler(txnOffsetCommit, async (request, { header }) => {
    const targets: Target[][] = []
    for (const topic of request.topics) targets.push(await resolve(broker, topic))
    const offsets = targets.flat().flatMap(({ offset }) => (offset === undefined ? [] : [offset]))
    const codes = (await commit(broker, request, offsets, header.apiVersion)).values()
    const topics: TxnOffsetCommitReply['topics'] = request.topics.map(({ name }, at) => ({
      name,
      partitions: (targets[at] ?? []).map(({ partitionIndex, offset, fault }) => ({
        partitionIndex,
        errorCode: offset === undefined ? fault : (codes.next().value ?? ErrorCode.NONE),
      })),
    }))
    return { response: { topics } }
  })
}

async function resolve(broker: Broker, { name, partitions }: AskedTopic): Promise<Target[]> {
  const found = await lookUpTopic(broker, { name, topicId: '' }, 'name')
  const { 'offset.metadata.max.bytes': metadataMax } = broker.config
  return partitions.map((partition) => {
    const { partitionIndex, committedOffset, committedLeaderEpoch } = partition
    const refused = (fault: number): Target => ({ partitionIndex, offset: undefined, fault })
    if (typeof found === 'number') return refused(found)
    if (!hasPartition(found, partitionIndex)) return refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    const metadata = partition.committedMetadata ?? ''
    if (metadata.length > metadataMax) return refused(ErrorCode.OFFSET_METADATA_TOO_LARGE)
    const place = { topicId: found.topicId, partitionIndex }
    const offset = {
      ...place,
      offset: committedOffset,
      leaderEpoch: committedLeaderEpoch,
      metadata,
    }
    return { partitionIndex, offset, fault: ErrorCode.NONE }
  })
}

/** One code per offset. */
async function commit(
  { groups, transactions }: Broker,
  request: TxnOffsetCommitRequest,
  offsets: readonly OffsetToCommit[],
  apiVersion: number,
): Promise<number[]> {
  const { transactionalId, groupId, producerId, producerEpoch } = request
  if (offsets.length === 0) return []
  const all = (code: number): number[] => offsets.map(() => code)
  if (groupId === '') return all(ErrorCode.INVALID_GROUP_ID)
  const allowed = await groups.allowTransactional({
    groupId,
    memberId: request.memberId,
    instanceId: request.groupInstanceId,
    generation: request.generationId,
    offsets,
  })
  if (allowed.outcome === 'refused') {
    const isOutdated = outdated.has(allowed.reason)
    return all(isOutdated ? ErrorCode.ILLEGAL_GENERATION : groupRefusalCode(allowed.reason))
  }
  const { coordinatorEpoch, generation, isWorthAsking } = allowed
  const answer = await transactions.commitOffsets(
    { producerId, producerEpoch },
    { transactionalId, groupId, coordinatorEpoch, generation, offsets },
    apiVersion >= joinsFrom,
  )
  // Kafka's group coordinator knows no other code for a fenced producer.
  if (answer.outcome === 'refused') return all(refusalCode(answer.reason, apiVersion))
  const { group, isLiving } = answer.result
  if (group === 'other-coordinator') return all(ErrorCode.NOT_COORDINATOR)
  if (group === 'other-generation') {
    return all(
      isWorthAsking ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : ErrorCode.ILLEGAL_GENERATION,
    )
  }
  return isLiving.map((lives) => (lives ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
}

function refusalCode(reason: TransactionRefusal, apiVersion: number): number {
  const isAbortable = reason === 'invalid-state' && apiVersion >= abortableFrom
  return isAbortable ? ErrorCode.TRANSACTION_ABORTABLE : transactionRefusalCode(reason, false)
}
