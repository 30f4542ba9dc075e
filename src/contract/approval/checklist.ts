/**
 * What must hold before a stream is approved: each item met, missing, or not to be told from here.
 * Nothing is taken as met that nobody has looked at.
 */
import type { CheckItem } from './check-item.ts'
import {
  approvalItem,
  declaredItem,
  enforcedItem,
  governanceItem,
  layersItem,
  rollbackItem,
} from './declared-items.ts'
import type { Evidence } from './evidence-file.ts'
import {
  deadLetterItem,
  freshnessItem,
  headersItem,
  replayItem,
  triedItem,
} from './running-items.ts'
import type { StreamFacts } from './stream-facts.ts'

/** @param all of the file; what is about other streams does not count. */
export function approvalChecklist(facts: StreamFacts, all: readonly Evidence[]): CheckItem[] {
  const evidence = all.filter(({ stream }) => stream === undefined || stream === facts.topic)
  const given = { facts, evidence }
  return [
    declaredItem(given),
    layersItem(given),
    enforcedItem(given),
    triedItem('old-shapes', given),
    headersItem(given),
    freshnessItem(given),
    replayItem(given),
    triedItem('backfill', given),
    triedItem('transactions', given),
    deadLetterItem(given),
    governanceItem(given),
    triedItem('failure-drill', given),
    triedItem('cost', given),
    rollbackItem(given),
    approvalItem(given),
  ]
}
