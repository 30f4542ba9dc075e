/**
 * ListTransactions, versions 0 to 2: transactional ids by state, producer, how long they are open
 * (1+, KIP-994) and pattern (2+, KIP-1152). Every filter must hold; an empty one always does. What
 * has not begun has been open for longer than any time, as in Kafka.
 */
import { RE2JS } from 're2js'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  listTransactions,
  type ListTransactionsRequest,
} from '../../wire/messages/66-list-transactions.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { transactionRefusalCode } from '../to-error-code.ts'

/** Kafka's names; those behind the fourth are never seen here. */
const states: ReadonlySet<string> = new Set([
  'Empty',
  'Ongoing',
  'CompleteCommit',
  'CompleteAbort',
  'PrepareCommit',
  'PrepareAbort',
  'PrepareEpochFence',
  'Dead',
])

/** A pattern is matched against every id: longer ones are refused. */
const patternMax = 249

export function listTransactionsHandler({ transactions, clock, cluster }: Broker): Handler {
  return handler(listTransactions, async (request) => {
    const { stateFilters, producerIdFilters, durationFilter } = request
    const unknownStateFilters = stateFilters.filter((state) => !states.has(state))
    const pattern = patternOf(request)
    if (pattern === 'invalid') {
      const errorCode = ErrorCode.INVALID_REGULAR_EXPRESSION
      return { response: { errorCode, unknownStateFilters, transactionStates: [] } }
    }
    const wanted = new Set(stateFilters)
    const producers = new Set(producerIdFilters)
    const nowMs = clock.nowMs()
    const found = await transactions.list(
      (row) =>
        cluster.coordinatorOf(row.transactionalId) === cluster.nodeId &&
        (wanted.size === 0 || wanted.has(row.state)) &&
        (producers.size === 0 || producers.has(row.producerId)) &&
        (durationFilter < 0 || nowMs - row.startedMs > durationFilter) &&
        (pattern === undefined || pattern.matches(row.transactionalId)),
    )
    if ('outcome' in found) {
      const errorCode = transactionRefusalCode(found.reason, true)
      return { response: { errorCode, unknownStateFilters, transactionStates: [] } }
    }
    const transactionStates = found.map(({ transactionalId, producerId, state }) => {
      return { transactionalId, producerId, transactionState: state }
    })
    return { response: { errorCode: ErrorCode.NONE, unknownStateFilters, transactionStates } }
  })
}

/** In RE2's syntax and time, as in Kafka; the whole id must match. */
function patternOf({
  transactionalIdPattern: text,
}: ListTransactionsRequest): RE2JS | 'invalid' | undefined {
  if (text === null || text === '') return undefined
  if (text.length > patternMax) return 'invalid'
  try {
    return RE2JS.compile(text)
  } catch {
    return 'invalid'
  }
}
