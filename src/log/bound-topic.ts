/** A topic as contracts know it. */
import type { BoundTopic } from '../contract/topic-contracts.ts'
import type { KnownTopic } from './topic-directory.ts'

export function boundTopic({ name, contract, effective }: KnownTopic): BoundTopic {
  return { name, contract, isCompacted: effective['cleanup.policy'].includes('compact') }
}
