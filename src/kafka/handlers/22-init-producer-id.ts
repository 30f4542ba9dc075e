/**
 * InitProducerId, versions 0 to 5: an id for an idempotent producer (KIP-98), whose epochs the
 * client raises by itself; or id and epoch of a transactional one, which fences whoever had them
 * and aborts what they left open, in one step: CONCURRENT_TRANSACTIONS is never answered.
 *
 * PRODUCER_FENCED is an answer from version 4 on (KIP-588).
 */
import { isFailure } from '../../base/errors.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  initProducerId,
  type InitProducerIdReply,
  type InitProducerIdRequest,
} from '../../wire/messages/22-init-producer-id.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { transactionRefusalCode } from '../to-error-code.ts'

const fencedFrom = 4

export function initProducerIdHandler(broker: Broker): Handler {
  return handler(initProducerId, async (request, { header }) => {
    const { transactionalId, producerId, producerEpoch } = request
    // An id without an epoch, or the reverse, is no sense at all (KIP-360).
    if ((producerId === -1) !== (producerEpoch === -1)) {
      return { response: { errorCode: ErrorCode.INVALID_REQUEST, producerEpoch: -1 } }
    }
    const response =
      transactionalId === null
        ? await idempotent(broker)
        : await transactional(broker, transactionalId, request, header.apiVersion)
    return { response }
  })
}

/** Such a producer gets a new id, whatever it says of the one it had. */
async function idempotent({ producerIds }: Broker): Promise<InitProducerIdReply> {
  try {
    const producerId = await producerIds.next()
    return { errorCode: ErrorCode.NONE, producerId, producerEpoch: 0 }
  } catch (error) {
    if (!isFailure(error)) throw error
    return { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, producerEpoch: -1 }
  }
}

async function transactional(
  { transactions }: Broker,
  transactionalId: string,
  { transactionTimeoutMs: timeoutMs, producerId, producerEpoch }: InitProducerIdRequest,
  apiVersion: number,
): Promise<InitProducerIdReply> {
  const known = producerId === -1 ? undefined : { producerId, producerEpoch }
  const answer = await transactions.initProducer({ transactionalId, timeoutMs, known })
  if (answer.outcome === 'granted') return { errorCode: ErrorCode.NONE, ...answer.producer }
  const errorCode = transactionRefusalCode(answer.reason, apiVersion >= fencedFrom)
  return { errorCode, producerEpoch: -1 }
}
