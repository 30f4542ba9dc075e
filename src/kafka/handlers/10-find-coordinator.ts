/**
 * FindCoordinator, versions 0 to 6: this broker coordinates every group and transaction (1+).
 *
 * Share groups (6+, KIP-932) are not served: INVALID_REQUEST, which no client tries again. Several
 * keys at once: 4+ (KIP-699).
 */
import { ErrorCode } from '../../wire/error-codes.ts'
import { findCoordinator } from '../../wire/messages/10-find-coordinator.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'

const groupKey = 0
const transactionKey = 1
const severalKeysFrom = 4

/** Kafka's words for success; those who ask for several keys get none. */
const noError = 'NONE'

const notServed: Readonly<Record<number, string>> = {
  2: 'share groups are not served by this broker',
}

interface Found {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly errorCode: number
  readonly errorMessage: string | null
}

export function findCoordinatorHandler(broker: Broker): Handler {
  return handler(findCoordinator, async ({ keyType, coordinatorKeys }, { header }) => {
    const found = find(broker, keyType)
    if (header.apiVersion < severalKeysFrom) return { response: found }
    const errorMessage = found.errorMessage === noError ? '' : found.errorMessage
    const each = { ...found, errorMessage }
    return { response: { coordinators: coordinatorKeys.map((key) => ({ key, ...each })) } }
  })
}

function find({ nodeId, advertised }: Broker, keyType: number): Found {
  if (keyType === groupKey || keyType === transactionKey) {
    return { nodeId, ...advertised(), errorCode: ErrorCode.NONE, errorMessage: noError }
  }
  const errorMessage = notServed[keyType] ?? `there is no key type ${keyType}`
  return { nodeId: -1, host: '', port: -1, errorCode: ErrorCode.INVALID_REQUEST, errorMessage }
}
