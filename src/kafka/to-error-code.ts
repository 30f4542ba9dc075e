/** From our failures and outcomes to Kafka's codes: one total switch each, here at the edge only. */
import { unreachable } from '../base/assert.ts'
import { Failure, type FailureKind } from '../base/errors.ts'
import type { RefusedReason } from '../catalog/outcomes.ts'
import type { GroupRefusal } from '../group/refusal.ts'
import type { RefusalReason } from '../record/validate-batch.ts'
import type { TransactionRefusal } from '../txn/state-table.ts'
import { ErrorCode } from '../wire/error-codes.ts'

/**
 * A failure of storage or catalog, as a producer or consumer should see it: retriable where a retry
 * helps.
 */
export function failureCode(error: unknown): number {
  return error instanceof Failure ? codeOfKind(error.kind) : ErrorCode.UNKNOWN_SERVER_ERROR
}

function codeOfKind(kind: FailureKind): number {
  switch (kind) {
    case 'invalid':
      return ErrorCode.INVALID_REQUEST
    case 'conflict':
    case 'unavailable':
    case 'overloaded':
    case 'corrupt':
    case 'not-found':
      return ErrorCode.KAFKA_STORAGE_ERROR
    case 'fenced':
    case 'closed':
      return ErrorCode.NOT_LEADER_OR_FOLLOWER
    case 'unknown-outcome':
      return ErrorCode.REQUEST_TIMED_OUT
    default:
      return unreachable(kind, 'codeOfKind')
  }
}

/** Why the commit refused an append. */
export function refusedAppendCode(reason: RefusedReason): number {
  switch (reason) {
    case 'unknown-partition':
      return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    case 'config-changed':
      return ErrorCode.KAFKA_STORAGE_ERROR
    case 'out-of-order-sequence':
      return ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    case 'stale-producer-epoch':
      return ErrorCode.INVALID_PRODUCER_EPOCH
    case 'wrong-producer-id':
      return ErrorCode.INVALID_PRODUCER_ID_MAPPING
    case 'wrong-transaction':
      return ErrorCode.INVALID_TXN_STATE
    default:
      return unreachable(reason, 'refusedAppendCode')
  }
}

/**
 * Why something was refused in a transaction. Before it is known to clients, fenced has an older
 * code.
 */
export function transactionRefusalCode(reason: TransactionRefusal, knowsFenced: boolean): number {
  switch (reason) {
    case 'invalid-request':
      return ErrorCode.INVALID_REQUEST
    case 'invalid-timeout':
      return ErrorCode.INVALID_TRANSACTION_TIMEOUT
    case 'wrong-producer-id':
      return ErrorCode.INVALID_PRODUCER_ID_MAPPING
    case 'fenced':
      return knowsFenced ? ErrorCode.PRODUCER_FENCED : ErrorCode.INVALID_PRODUCER_EPOCH
    case 'invalid-state':
      return ErrorCode.INVALID_TXN_STATE
    case 'too-large':
      return ErrorCode.POLICY_VIOLATION
    case 'not-coordinator':
      return ErrorCode.NOT_COORDINATOR
    case 'unavailable':
      return ErrorCode.COORDINATOR_NOT_AVAILABLE
    default:
      return unreachable(reason, 'transactionRefusalCode')
  }
}

/** Why a batch was refused before it was appended. */
export function refusedBatchCode(reason: RefusalReason): number {
  switch (reason) {
    case 'corrupt':
      return ErrorCode.CORRUPT_MESSAGE
    case 'invalid-record':
      return ErrorCode.INVALID_RECORD
    case 'message-too-large':
      return ErrorCode.MESSAGE_TOO_LARGE
    case 'invalid-timestamp':
      return ErrorCode.INVALID_TIMESTAMP
    case 'unsupported-compression':
      return ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
    default:
      return unreachable(reason, 'refusedBatchCode')
  }
}

/** Why a coordinator said no. */
export function groupRefusalCode(refusal: GroupRefusal): number {
  switch (refusal) {
    case 'invalid-group-id':
      return ErrorCode.INVALID_GROUP_ID
    case 'invalid-request':
      return ErrorCode.INVALID_REQUEST
    case 'invalid-session-timeout':
      return ErrorCode.INVALID_SESSION_TIMEOUT
    case 'inconsistent-protocol':
      return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    case 'unknown-member':
      return ErrorCode.UNKNOWN_MEMBER_ID
    case 'fenced-instance':
      return ErrorCode.FENCED_INSTANCE_ID
    case 'illegal-generation':
      return ErrorCode.ILLEGAL_GENERATION
    case 'rebalance-in-progress':
      return ErrorCode.REBALANCE_IN_PROGRESS
    case 'group-full':
      return ErrorCode.GROUP_MAX_SIZE_REACHED
    case 'group-not-found':
      return ErrorCode.GROUP_ID_NOT_FOUND
    case 'group-not-empty':
      return ErrorCode.NON_EMPTY_GROUP
    case 'subscribed':
      return ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
    case 'metadata-too-large':
      return ErrorCode.OFFSET_METADATA_TOO_LARGE
    case 'unknown-topic':
      return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    case 'fenced-member-epoch':
      return ErrorCode.FENCED_MEMBER_EPOCH
    case 'stale-member-epoch':
      return ErrorCode.STALE_MEMBER_EPOCH
    case 'unreleased-instance':
      return ErrorCode.UNRELEASED_INSTANCE_ID
    case 'unsupported-assignor':
      return ErrorCode.UNSUPPORTED_ASSIGNOR
    case 'invalid-pattern':
      return ErrorCode.INVALID_REGULAR_EXPRESSION
    case 'unsupported-version':
      return ErrorCode.UNSUPPORTED_VERSION
    case 'not-coordinator':
      return ErrorCode.NOT_COORDINATOR
    case 'unavailable':
      return ErrorCode.COORDINATOR_NOT_AVAILABLE
    default:
      return unreachable(refusal, 'groupRefusalCode')
  }
}
