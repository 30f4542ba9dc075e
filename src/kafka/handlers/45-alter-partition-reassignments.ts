/**
 * AlterPartitionReassignments, versions 0 to 1 (KIP-455): a partition's bytes lie in the object
 * store, not at brokers, so nothing can move between them.
 *
 * - Replicas that name this broker alone say what is so already: done at once.
 * - Others name brokers that there are not: INVALID_REPLICA_ASSIGNMENT, as from Kafka.
 * - Cancelling (null) finds nothing to cancel: NO_REASSIGNMENT_IN_PROGRESS.
 */
import { isFailure } from '../../base/errors.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  alterPartitionReassignments,
  type AlterPartitionReassignmentsReply,
  type AlterPartitionReassignmentsRequest,
} from '../../wire/messages/45-alter-partition-reassignments.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { failureCode } from '../to-error-code.ts'
import { hasPartition } from '../topic-look-up.ts'
import { fault, replicasFault, type TopicFault } from '../topic-rules.ts'
import { Turns } from '../turns.ts'

type Asked = AlterPartitionReassignmentsRequest['topics'][number]
type TopicReply = AlterPartitionReassignmentsReply['responses'][number]

export function alterPartitionReassignmentsHandler(broker: Broker): Handler {
  return handler(alterPartitionReassignments, async (request) => {
    const { allowReplicationFactorChange } = request
    const turns = new Turns(broker.clock)
    const responses: TopicReply[] = []
    for (const asked of request.topics) {
      responses.push(await reassign(broker, asked))
      await turns.step()
    }
    const none = { errorCode: ErrorCode.NONE, errorMessage: null }
    return { response: { ...none, allowReplicationFactorChange, responses } }
  })
}

async function reassign(broker: Broker, { name, partitions }: Asked): Promise<TopicReply> {
  const unknown = fault(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'there is no such partition')
  const none = { errorCode: ErrorCode.NONE, errorMessage: null }
  const reply = (
    faultOf: (each: Asked['partitions'][number]) => TopicFault | undefined,
  ): TopicReply => ({
    name,
    partitions: partitions.map((each) => {
      return { partitionIndex: each.partitionIndex, ...(faultOf(each) ?? none) }
    }),
  })
  try {
    const topic = await broker.topics.find(name)
    return reply(({ partitionIndex, replicas }) => {
      if (topic === undefined || !hasPartition(topic, partitionIndex)) return unknown
      return reassignmentFault(broker, replicas)
    })
  } catch (error) {
    if (!isFailure(error)) throw error
    const failed = fault(failureCode(error), error.message)
    return reply(() => failed)
  }
}

function reassignmentFault(
  { cluster }: Broker,
  replicas: readonly number[] | null,
): TopicFault | undefined {
  if (replicas === null) {
    return fault(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS, 'nothing moves, so nothing is cancelled')
  }
  const wrong = replicasFault([replicas])
  if (wrong !== undefined) return wrong
  const known = new Set(cluster.nodes().map(({ nodeId }) => nodeId))
  const other = replicas.find((id) => !known.has(id))
  if (other === undefined) return undefined
  const message = `there is no broker ${other}: the object store holds what partitions hold`
  return fault(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
}
