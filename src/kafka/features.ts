/**
 * Kafka's features that are finalised here (KIP-584), for ApiVersions and UpdateFeatures. What is
 * in the table is served; a level is what this release does, so none can be raised or lowered.
 */

export interface Feature {
  readonly name: string
  readonly minLevel: number
  readonly level: number
}

export const finalizedFeatures: readonly Feature[] = [
  // KIP-848: the consumer group protocol.
  { name: 'group.version', minLevel: 0, level: 1 },
  // 2: every transaction ends with a new epoch, and partitions join by themselves (KIP-890).
  { name: 'transaction.version', minLevel: 0, level: 2 },
]
