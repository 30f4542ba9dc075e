/**
 * AddOffsetsToTxn, versions 0 to 4: registers a consumer group with a transaction, which begins by
 * that. PRODUCER_FENCED is an answer from version 2 on (KIP-588).
 */
import { ErrorCode } from '../../wire/error-codes.ts'
import { addOffsetsToTxn } from '../../wire/messages/25-add-offsets-to-txn.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { transactionRefusalCode } from '../to-error-code.ts'

const fencedFrom = 2

export function addOffsetsToTxnHandler({ transactions }: Broker): Handler {
  return handler(addOffsetsToTxn, async ({ groupId, ...producer }, { header }) => {
    const answer = await transactions.join(producer, 0, { groupId })
    const isFencedKnown = header.apiVersion >= fencedFrom
    const errorCode =
      answer.outcome === 'granted'
        ? ErrorCode.NONE
        : transactionRefusalCode(answer.reason, isFencedKnown)
    return { response: { errorCode } }
  })
}
