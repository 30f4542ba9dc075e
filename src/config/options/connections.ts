/** Connections, and the memory of what comes by them. */
export const connectionOptions = {
  'socket.request.max.bytes': {
    type: 'integer',
    default: 104_857_600,
    min: 1024,
    max: 1_073_741_824,
    unit: 'bytes',
    doc: [
      'The largest request frame. A larger one closes its connection before memory is taken for',
      'it.',
    ],
  },
  'max.request.partition.size.limit': {
    type: 'integer',
    default: 2000,
    min: 1,
    max: 2_147_483_647,
    unit: 'count',
    doc: 'Partitions in one answer to DescribeTopicPartitions; the client asks for the next ones.',
  },
  'max.connections': {
    type: 'integer',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    unit: 'count',
    doc: 'Kafka connections open at once. One more is closed as soon as it is accepted.',
    reason: 'An idle connection holds about 20 KB: 200 MB at the limit.',
  },
  'max.connections.per.ip': {
    type: 'integer',
    default: 2_147_483_647,
    min: 0,
    max: 2_147_483_647,
    unit: 'count',
    doc: [
      'Kafka connections open at once from one IP address. One more is closed as soon as it is',
      'accepted.',
    ],
    reason: 'No limit, as in Kafka: clients behind one gateway share an address.',
  },
  'max.connections.per.ip.overrides': {
    type: 'string',
    default: undefined,
    doc: 'Other limits for some addresses: 10.0.0.7:100,10.0.0.8:0. Names are not looked up.',
  },
  'connections.max.idle.ms': {
    type: 'integer',
    default: 600_000,
    min: 1000,
    max: 2_147_483_647,
    unit: 'ms',
    doc: 'A connection on which nothing happened for this long is closed.',
  },
  'queued.max.request.bytes': {
    type: 'integer',
    default: 134_217_728,
    min: 1_048_576,
    unit: 'bytes',
    doc: 'Memory for request frames other than Produce that are read and not yet answered.',
    reason: [
      'A reserve of its own, so that producers at their limit do not stop heartbeats and',
      'fetches.',
    ],
  },
  'produce.memory.bytes': {
    type: 'integer',
    default: 268_435_456,
    min: 1_048_576,
    unit: 'bytes',
    doc: [
      'Memory for Produce frames that are read and not yet committed. At the limit producing',
      'connections are not read.',
    ],
  },
} as const
