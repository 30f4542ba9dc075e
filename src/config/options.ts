/**
 * Every option of Karst, once: flags, environment, file, `karst config` and the reference read this
 * table.
 */
import type { OptionSpec, OptionValue } from './option.ts'

/**
 * Kafka's name where Kafka has the thing; sizes in bytes and times in milliseconds unless it says
 * otherwise.
 */
export const options = {
  // Where it lives and listens.
  'data.dir': {
    type: 'string',
    default: './karst-data',
    doc: 'The folder that holds everything: journal, objects, catalog. One process at a time.',
    reason: 'Beside whoever starts it: seen, and easy to delete.',
    flag: 'data',
    shape: 'DIR',
  },
  'kafka.listen': {
    type: 'address',
    default: '127.0.0.1:9092',
    doc: 'Where Kafka clients connect.',
    reason: 'Kafka’s port; on loopback, because there is no authentication unless it is set up.',
    flag: 'kafka',
    shape: 'HOST:PORT',
  },
  'kafka.advertised': {
    type: 'address',
    default: undefined,
    doc: 'The address that clients are told to connect to. Default: the one listened on.',
    flag: 'kafka-advertised',
    shape: 'HOST:PORT',
  },
  'http.listen': {
    type: 'address',
    default: '127.0.0.1:9644',
    doc: 'Where /healthz, /readyz and /metrics are answered.',
    flag: 'http',
    shape: 'HOST:PORT',
  },
  'otlp.http.listen': {
    type: 'address',
    default: '127.0.0.1:4318',
    doc: 'Where OpenTelemetry arrives over HTTP.',
    reason: 'The port that OpenTelemetry exporters use by default.',
    flag: 'otlp-http',
    shape: 'HOST:PORT',
  },
  'node.id': {
    type: 'integer',
    default: 1,
    min: 0,
    max: 2_147_483_647,
    doc: 'The id of this broker in Metadata.',
  },

  // Topics.
  'auto.create.topics.enable': {
    type: 'boolean',
    default: true,
    doc: [
      'Whether a topic is created when a client that permits it asks for one that does not',
      'exist.',
    ],
  },
  'delete.topic.enable': {
    type: 'boolean',
    default: true,
    doc: 'Whether topics can be deleted by clients.',
  },
  'num.partitions': {
    type: 'integer',
    default: 4,
    min: 1,
    max: 10_000,
    unit: 'count',
    doc: 'Partitions of a topic whose creator does not say how many.',
    reason: 'Enough for a few consumers to share; more can be added, fewer cannot be had.',
  },
  'default.replication.factor': {
    type: 'integer',
    default: 1,
    min: 1,
    max: 32_767,
    unit: 'count',
    doc: [
      'The replication factor shown for a topic whose creator does not name one. Copies are the',
      'storage’s affair: it changes nothing else.',
    ],
  },
  'log.retention.ms': {
    type: 'integer',
    default: undefined,
    min: 1,
    minusOne: 'for ever',
    unit: 'ms',
    doc: [
      'How long records are kept where the topic does not set retention.ms. Where it is not given,',
      'log.retention.minutes holds, else log.retention.hours.',
    ],
  },
  'log.retention.minutes': {
    type: 'integer',
    default: undefined,
    min: 1,
    max: 2_147_483_647,
    minusOne: 'for ever',
    unit: 'minutes',
    doc: 'The same in minutes, where log.retention.ms is not given.',
  },
  'log.retention.hours': {
    type: 'integer',
    default: 168,
    min: 1,
    max: 2_147_483_647,
    minusOne: 'for ever',
    unit: 'count',
    doc: 'The same in hours, where neither of the others is given.',
    reason: '7 days, as in Kafka.',
  },
  'log.retention.bytes': {
    type: 'integer',
    default: -1,
    min: 0,
    minusOne: 'no limit',
    unit: 'bytes',
    doc: 'How many bytes a partition keeps where the topic does not set retention.bytes.',
  },
  'log.retention.check.interval.ms': {
    type: 'integer',
    default: 300_000,
    min: 1000,
    max: 2_147_483_647,
    unit: 'ms',
    doc: 'How often it is looked whether records may go by retention.ms and retention.bytes.',
    reason: '5 minutes, as in Kafka.',
  },
  'message.max.bytes': {
    type: 'integer',
    default: 1_048_588,
    min: 0,
    max: 134_217_728,
    unit: 'bytes',
    doc: 'The largest record batch, as sent, where the topic does not set max.message.bytes.',
    reason: [
      '1 MiB and the header of a batch, as in Kafka; at most 128 MiB, so that memory can be',
      'planned.',
    ],
  },

  // Connections and their memory.
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

  // Quotas of clients.
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

  // Consumer groups.
  'group.min.session.timeout.ms': {
    type: 'integer',
    default: 6000,
    min: 0,
    max: 2_147_483_647,
    unit: 'ms',
    doc: 'The shortest session timeout that a group member may ask for.',
  },
  'group.max.session.timeout.ms': {
    type: 'integer',
    default: 1_800_000,
    min: 0,
    max: 2_147_483_647,
    unit: 'ms',
    doc: 'The longest session timeout that a group member may ask for.',
  },
  'group.initial.rebalance.delay.ms': {
    type: 'integer',
    default: 0,
    min: 0,
    max: 2_147_483_647,
    unit: 'ms',
    doc: [
      'How long the first rebalance of an empty group waits for more members. Each that comes',
      'within it starts it again, up to the rebalance timeout.',
    ],
    reason: 'Kafka waits 3 s. One machine begins at once; set 3000 where many start together.',
  },
  'group.max.size': {
    type: 'integer',
    default: 2_147_483_647,
    min: 1,
    max: 2_147_483_647,
    unit: 'count',
    doc: 'Members of one group. One more is refused.',
  },
  'group.consumer.session.timeout.ms': {
    type: 'integer',
    default: 45_000,
    min: 1,
    max: 2_147_483_647,
    unit: 'ms',
    doc: 'After so long without a heartbeat a member of the consumer protocol is gone.',
  },
  'group.consumer.heartbeat.interval.ms': {
    type: 'integer',
    default: 5000,
    min: 1,
    max: 2_147_483_647,
    unit: 'ms',
    doc: 'How often members of the consumer protocol are told to send heartbeats.',
  },
  'group.consumer.max.size': {
    type: 'integer',
    default: 2_147_483_647,
    min: 1,
    max: 2_147_483_647,
    doc: 'Members of one group of the consumer protocol. One more is refused.',
  },
  'group.consumer.migration.policy': {
    type: 'choice',
    choices: ['bidirectional', 'upgrade', 'downgrade', 'disabled'],
    default: 'bidirectional',
    doc: 'Whether groups with members may change from one protocol to the other, and which way.',
  },
  'offsets.retention.minutes': {
    type: 'integer',
    default: 10_080,
    min: 1,
    max: 2_147_483_647,
    unit: 'minutes',
    doc: 'How long committed offsets are kept after a group has become empty.',
    reason: '7 days, as in Kafka.',
  },
  'offset.metadata.max.bytes': {
    type: 'integer',
    default: 4096,
    min: 0,
    max: 32_767,
    unit: 'bytes',
    doc: 'The longest note that may be stored beside a committed offset.',
  },

  // Producers.
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

  // Memory for reading.
  'tail.cache.bytes': {
    type: 'integer',
    default: 268_435_456,
    min: 1_048_576,
    unit: 'bytes',
    doc: 'The newest bytes of all partitions, kept in memory for consumers that follow.',
    reason: 'Taken as data arrives, so an idle broker stays small.',
  },
  'block.cache.bytes': {
    type: 'integer',
    default: 67_108_864,
    min: 1_048_576,
    unit: 'bytes',
    doc: 'Blocks of older data, kept for consumers that catch up together.',
  },

  // The journal, and what is made of it.
  'journal.file.bytes': {
    type: 'integer',
    default: 67_108_864,
    min: 1_048_576,
    max: 4_294_967_296,
    unit: 'bytes',
    doc: 'The size of a journal file. Files are made once and overwritten.',
  },
  'journal.group.bytes': {
    type: 'integer',
    default: 8_388_608,
    min: 65_536,
    max: 268_435_456,
    unit: 'bytes',
    doc: 'A group of appends that reaches this size is written at once.',
  },
  'journal.group.batches': {
    type: 'integer',
    default: 2000,
    min: 1,
    max: 100_000,
    unit: 'count',
    doc: [
      'A group that reaches this many batches is written at once: it bounds the time of one',
      'commit.',
    ],
  },
  'pack.window.ms': {
    type: 'integer',
    default: 60_000,
    min: 100,
    max: 86_400_000,
    unit: 'ms',
    doc: 'How often finished journal files are packed into objects.',
  },
  'pack.window.bytes': {
    type: 'integer',
    default: 4_294_967_296,
    min: 1_048_576,
    unit: 'bytes',
    doc: 'Packing begins earlier when this much of the journal waits for it.',
  },
  'pack.object.bytes': {
    type: 'integer',
    default: 67_108_864,
    min: 1_048_576,
    max: 1_073_741_824,
    unit: 'bytes',
    doc: 'The size at which a packed object is ended and another begun.',
  },
  'object.grace.ms': {
    type: 'integer',
    default: 60_000,
    min: 1000,
    unit: 'ms',
    doc: 'How long an object stays after nothing names it any more, for reads that are under way.',
  },

  // A disk that fills up.
  'disk.reserve.bytes': {
    type: 'integer',
    default: 33_554_432,
    min: 0,
    max: 1_073_741_824,
    unit: 'bytes',
    doc: [
      'Bytes of the data folder’s disk kept back, so that offsets can be committed and topics',
      'deleted when it is full. 0 keeps none.',
    ],
    reason: 'Twice what the catalog’s log grows to between two checkpoints.',
  },
  'disk.free.min.bytes': {
    type: 'integer',
    default: 268_435_456,
    min: 0,
    unit: 'bytes',
    doc: 'No new journal file is made where it would leave less than this free for the catalog.',
  },

  // OpenTelemetry.
  'otlp.max.request.bytes': {
    type: 'integer',
    default: 67_108_864,
    min: 1024,
    max: 1_073_741_824,
    unit: 'bytes',
    doc: 'The largest OTLP request body, as sent and again after decompression.',
  },

  // Its own log.
  'log.level': {
    type: 'choice',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error'],
    doc: 'The least important lines that are logged.',
    flag: 'log-level',
    shape: 'LEVEL',
  },
  'log.format': {
    type: 'choice',
    default: 'json',
    choices: ['json', 'pretty'],
    doc: 'One JSON object per line on standard error, or text for people.',
    flag: 'log-format',
    shape: 'FORMAT',
  },
} as const

/** The same table for code that treats every option alike. */
export const optionTable: Readonly<Record<string, OptionSpec>> = options

export type OptionName = keyof typeof options

/** What parts are given: one typed, frozen value per option. */
export type Config = {
  readonly [Name in OptionName]: OptionValue<(typeof options)[Name]>
}
