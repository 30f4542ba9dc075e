/** Over which time the rates of clients are taken. */
export const quotaOptions = {
  'quota.window.num': {
    type: 'integer',
    default: 11,
    min: 1,
    max: 1_000,
    unit: 'count',
    doc: 'How many windows a rate is over that a quota limits: bytes, request time, connections.',
    reason: '11 windows of a second, as in Kafka: short bursts are allowed.',
  },
  'quota.window.size.seconds': {
    type: 'integer',
    default: 1,
    min: 1,
    max: 3_600,
    unit: 'count',
    doc: 'How many seconds each of these windows has.',
  },
  'controller.quota.window.num': {
    type: 'integer',
    default: 11,
    min: 1,
    max: 1_000,
    unit: 'count',
    doc: 'How many windows of controller_mutation_rate a client may use up at once.',
  },
  'controller.quota.window.size.seconds': {
    type: 'integer',
    default: 1,
    min: 1,
    max: 3_600,
    unit: 'count',
    doc: 'How many seconds each of these windows has.',
  },
} as const
