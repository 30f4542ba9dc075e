/** Producers and their transactions. */
export const producerOptions = {
  'producer.id.expiration.ms': {
    type: 'integer',
    default: 86_400_000,
    min: 1,
    max: 2_147_483_647,
    unit: 'ms',
    doc: 'How long a partition remembers the sequence numbers of a producer that sends nothing.',
  },
  'transactional.id.expiration.ms': {
    type: 'integer',
    default: 604_800_000,
    min: 1,
    max: 2_147_483_647,
    unit: 'ms',
    doc: 'How long a transactional id without a transaction is remembered.',
  },
  'transaction.max.timeout.ms': {
    type: 'integer',
    default: 900_000,
    min: 1,
    max: 2_147_483_647,
    unit: 'ms',
    doc: 'The longest that a producer may ask for to leave a transaction open.',
    reason: '15 minutes, as in Kafka: consumers of committed records wait for open transactions.',
  },
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': {
    type: 'integer',
    default: 10_000,
    min: 1,
    max: 2_147_483_647,
    unit: 'ms',
    doc: 'How often it is looked for transactions that are open for too long, to abort them.',
  },
  'transaction.remove.expired.transaction.cleanup.interval.ms': {
    type: 'integer',
    default: 3_600_000,
    min: 1,
    max: 2_147_483_647,
    unit: 'ms',
    doc: 'How often it is looked for transactional ids that may be forgotten.',
  },
} as const
