/**
 * FindCoordinator, versions 0 to 6: who coordinates a group or transaction (1+), by the placement
 * that this broker knows of.
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

/** It is dead, and its successor is not known yet. */
const gone: Found = {
  ...{ nodeId: -1, host: '', port: -1 },
  errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE,
  errorMessage: 'the coordinator is gone, another takes over: ask again',
}

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
  return handler(findCoordinator, async ({ keyType, key, coordinatorKeys }, { header }) => {
    if (header.apiVersion < severalKeysFrom) return { response: find(broker, keyType, key) }
    const coordinators = coordinatorKeys.map((each) => {
      const found = find(broker, keyType, each)
      const errorMessage = found.errorMessage === noError ? '' : found.errorMessage
      return { key: each, ...found, errorMessage }
    })
    return { response: { coordinators } }
  })
}

function find({ cluster }: Broker, keyType: number, key: string): Found {
  if (keyType === groupKey || keyType === transactionKey) {
    const nodeId = cluster.coordinatorOf(key)
    const node = cluster.nodes().find((each) => each.nodeId === nodeId)
    if (node === undefined) return gone
    const { host, port } = node
    return { nodeId, host, port, errorCode: ErrorCode.NONE, errorMessage: noError }
  }
  const errorMessage = notServed[keyType] ?? `there is no key type ${keyType}`
  return { nodeId: -1, host: '', port: -1, errorCode: ErrorCode.INVALID_REQUEST, errorMessage }
}
