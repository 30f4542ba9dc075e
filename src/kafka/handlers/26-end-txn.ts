/**
 * EndTxn, versions 0 to 5: commits or aborts, in one catalog transaction: markers on all
 * partitions, offsets of groups, and the state (T1). A retry gets the first answer.
 *
 * PRODUCER_FENCED is an answer from version 2 on (KIP-588). From version 5 on the epoch rises with
 * every transaction, and the answer tells it (KIP-890).
 */
import { bumpingVersion } from '../../txn/state-table.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { endTxn } from '../../wire/messages/26-end-txn.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { transactionRefusalCode } from '../to-error-code.ts'

const fencedFrom = 2
const bumpingFrom = 5

export function endTxnHandler({ transactions }: Broker): Handler {
  return handler(endTxn, async (request, { header: { apiVersion } }) => {
    const { transactionalId, producerId, producerEpoch, committed } = request
    const answer = await transactions.endTransaction(transactionalId, {
      producerId,
      producerEpoch,
      type: committed ? 'commit' : 'abort',
      clientVersion: apiVersion >= bumpingFrom ? bumpingVersion : 0,
    })
    if (answer.outcome === 'granted') {
      return { response: { errorCode: ErrorCode.NONE, ...answer.producer } }
    }
    const errorCode = transactionRefusalCode(answer.reason, apiVersion >= fencedFrom)
    return { response: { errorCode } }
  })
}
