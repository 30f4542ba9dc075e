/** ListPartitionReassignments, version 0 (KIP-455): nothing ever moves between brokers. */
import { ErrorCode } from '../../wire/error-codes.ts'
import { listPartitionReassignments } from '../../wire/messages/46-list-partition-reassignments.ts'
import { type Handler, handler } from '../router.ts'

export function listPartitionReassignmentsHandler(): Handler {
  return handler(listPartitionReassignments, async () => {
    return { response: { errorCode: ErrorCode.NONE, errorMessage: null, topics: [] } }
  })
}
