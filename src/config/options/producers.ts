/** Producers and their transactions. */
export const producerOptions = {
  'producer.id.expiration.ms': {
    type: 'integer',
    default: 86_400_000,
    min: 1000,
    max: 2_147_483_647,
    unit: 'ms',
    doc: 'How long a partition remembers the sequence numbers of a producer that sends nothing.',
  },
  'transactional.id.expiration.ms': {
    type: 'integer',
    default: 604_800_000,
    min: 1000,
    max: 2_147_483_647,
    unit: 'ms',
    doc: 'How long a transactional id without a transaction is remembered.',
  },
} as const
