/**
 * The transaction that a produce request writes for: looked up, and joined by clients that do not
 * register partitions themselves (KIP-890), before anything is appended.
 */
import type { AppendTransaction } from '../catalog/commit-groups.ts'
import type { RefusedReason } from '../catalog/outcomes.ts'
import { isTransactionalBatch, producerEpochOf, producerIdOf } from '../record/batch-header.ts'
import type { TransactionRefusal } from '../txn/state-table.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import type { Broker } from './broker.ts'
import { refusedAppendCode, transactionRefusalCode } from './to-error-code.ts'

/** It makes every client try again, without asking for metadata first, as Kafka does. */
const retryCode = ErrorCode.NOT_ENOUGH_REPLICAS
/** From here on clients do not register partitions (KIP-890). */
const joinsFrom = 12
/** From here on clients know that a transaction may be aborted and begun again (KIP-890). */
const abortableFrom = 11

/**
 * What the transactional batches belong to, or the code for each of them; null: all are plain,
 * which a transactional id does not change.
 */
export type WrittenFor = WrittenTransaction | { readonly errorCode: number } | null

export interface WrittenTransaction extends AppendTransaction {
  /** The catalog was not asked: whether it is so still, the commit says. */
  readonly isRemembered: boolean
}

/** `batches`: what stands for the partitions that are there. */
export async function transactionOf(
  { transactions }: Broker,
  transactionalId: string,
  apiVersion: number,
  batches: readonly { readonly partitionId: number; readonly bytes: Uint8Array }[],
): Promise<WrittenFor> {
  const own = batches.filter(({ bytes }) => isTransactionalBatch(bytes))
  const [whole] = own
  if (whole === undefined) return null
  // Batches of other producers are refused by the commit, one by one.
  const producerId = producerIdOf(whole.bytes, 0)
  const producerEpoch = producerEpochOf(whole.bytes, 0)
  const partitionIds = [...new Set(own.map(({ partitionId }) => partitionId))]
  const producer = { transactionalId, producerId, producerEpoch }
  const isBumping = apiVersion >= joinsFrom
  const answer = await transactions.appending(producer, partitionIds, isBumping)
  if (answer.outcome === 'granted') {
    const { serial, isRemembered } = answer
    return { transactionalId, serial, isBumping, isRemembered }
  }
  return { errorCode: codeOf(answer.reason, apiVersion) }
}

function codeOf(reason: TransactionRefusal, apiVersion: number): number {
  if (reason === 'unavailable') return retryCode
  if (reason === 'invalid-state') return stateCode(apiVersion)
  return transactionRefusalCode(reason, false)
}

/** Why the commit refused a batch of a transaction. */
export function refusedTransactionalCode(
  { transactions }: Broker,
  { transactionalId, isRemembered }: WrittenTransaction,
  reason: RefusedReason,
  apiVersion: number,
): number {
  if (reason !== 'wrong-transaction') return refusedAppendCode(reason)
  if (!isRemembered) return stateCode(apiVersion)
  // Another broker has ended it: the next try asks the catalog.
  transactions.forget(transactionalId)
  return retryCode
}

function stateCode(apiVersion: number): number {
  return apiVersion >= abortableFrom ? ErrorCode.TRANSACTION_ABORTABLE : ErrorCode.INVALID_TXN_STATE
}
