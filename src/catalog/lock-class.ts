/** The global order of locks by class; see lock-order.ts. */
export const lockClass: {
  readonly groupId: number
  readonly topic: number
  readonly transaction: number
  readonly partition: number
  readonly producerState: number
  readonly consumerGroup: number
  readonly groupOffset: number
  readonly lease: number
  readonly object: number
  readonly counter: number
  readonly clientQuota: number
  readonly contract: number
  readonly registry: number
  readonly change: number
} = {
  groupId: 1,
  topic: 2,
  transaction: 3,
  partition: 4,
  producerState: 5,
  consumerGroup: 6,
  groupOffset: 7,
  lease: 8,
  object: 9,
  counter: 10,
  clientQuota: 11,
  contract: 12,
  registry: 13,
  change: 14,
}
