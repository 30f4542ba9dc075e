/**
 * InitProducerId, versions 0 to 5: an id for an idempotent producer (KIP-98). Epochs of such
 * producers are raised by the client itself and known per partition. Transactional ids are refused:
 * not served yet.
 */
import { isFailure } from '../../base/errors.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { initProducerId } from '../../wire/messages/22-init-producer-id.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'

export function initProducerIdHandler({ producerIds }: Broker): Handler {
  return handler(initProducerId, async (request) => {
    const { transactionalId, producerId: known, producerEpoch: knownEpoch } = request
    // Without a transactional id a producer gets a new id, whatever it says of the one it had; but
    // an id without an epoch, or the reverse, is no sense at all (KIP-360).
    if (transactionalId !== null || (known === -1) !== (knownEpoch === -1)) {
      return { response: { errorCode: ErrorCode.INVALID_REQUEST, producerEpoch: -1 } }
    }
    try {
      const producerId = await producerIds.next()
      return { response: { errorCode: ErrorCode.NONE, producerId, producerEpoch: 0 } }
    } catch (error) {
      if (!isFailure(error)) throw error
      return { response: { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, producerEpoch: -1 } }
    }
  })
}
