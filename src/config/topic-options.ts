/** Every config that a topic can have, under Kafka's name, and what Karst makes of it. */
import type { CoarserName } from './config-rows.ts'
import type { ValueSpec } from './config-value.ts'
import type { Prose } from './option.ts'

export interface TopicOptionSpec extends ValueSpec {
  /** As Kafka prints it. */
  readonly default: string
  /** The broker's config of the same meaning, which holds where the topic says nothing. */
  readonly broker?: string
  /** Other names of it in coarser units; the finer one counts. */
  readonly coarser?: readonly CoarserName[]
  /** Where Kafka shows the default to come from, where that is not `broker` with `default`. */
  readonly defaultShown?: { readonly name: string; readonly text: string } | null
  readonly doc: Prose
}

/** In the order in which they are listed. */
export const topicOptions = {
  'cleanup.policy': {
    type: 'list',
    default: 'delete',
    choices: ['delete', 'compact'],
    broker: 'log.cleanup.policy',
    doc: [
      'delete: records go by retention.ms and retention.bytes. compact: the newest record of each',
      'key stays. Both may be given.',
    ],
  },
  'compression.gzip.level': {
    type: 'int',
    default: '-1',
    min: 1,
    max: 9,
    minusOne: true,
    broker: 'compression.gzip.level',
    doc: 'How hard compression.type=gzip tries. -1: zlib’s default.',
  },
  'compression.lz4.level': {
    type: 'int',
    default: '9',
    min: 1,
    max: 17,
    broker: 'compression.lz4.level',
    doc: 'Without effect: lz4 is packed fast, as Kafka does at its default level.',
  },
  'compression.zstd.level': {
    type: 'int',
    default: '3',
    min: -131_072,
    max: 22,
    broker: 'compression.zstd.level',
    doc: 'How hard compression.type=zstd tries.',
  },
  'compression.type': {
    type: 'string',
    default: 'producer',
    choices: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
    broker: 'compression.type',
    doc: [
      'How batches are stored; those of another codec are packed anew, which takes the broker’s',
      'processor. producer: as they were sent, at no cost.',
    ],
  },
  'delete.retention.ms': {
    type: 'long',
    default: '86400000',
    min: 0,
    broker: 'log.cleaner.delete.retention.ms',
    doc: 'How long a tombstone stays after compaction has passed it first.',
  },
  'file.delete.delay.ms': {
    type: 'long',
    default: '60000',
    min: 0,
    broker: 'log.segment.delete.delay.ms',
    doc: 'Without effect: objects are deleted when object.grace.ms is over.',
  },
  'flush.messages': {
    type: 'long',
    default: '9223372036854775807',
    min: 1,
    broker: 'log.flush.interval.messages',
    doc: 'Without effect: every batch is durable before it is acknowledged.',
  },
  'flush.ms': {
    type: 'long',
    default: '9223372036854775807',
    min: 0,
    broker: 'log.flush.interval.ms',
    defaultShown: null,
    doc: 'Without effect: every batch is durable before it is acknowledged.',
  },
  'index.interval.bytes': {
    type: 'int',
    default: '4096',
    min: 0,
    broker: 'log.index.interval.bytes',
    doc: 'Without effect: there are no index files.',
  },
  'karst.latency.class': {
    type: 'string',
    default: 'standard',
    choices: ['standard', 'low'],
    doc: [
      'low: in a fleet, small batches travel in their commit, visible in milliseconds, while',
      'journal.inline.bytes.per.second lasts. On one machine it changes nothing.',
    ],
  },
  'leader.replication.throttled.replicas': {
    type: 'list',
    default: '',
    form: 'throttled-replicas',
    doc: 'Without effect: brokers do not copy data to each other.',
  },
  'follower.replication.throttled.replicas': {
    type: 'list',
    default: '',
    form: 'throttled-replicas',
    doc: 'Without effect: brokers do not copy data to each other.',
  },
  'local.retention.bytes': {
    type: 'long',
    default: '-2',
    min: -2,
    broker: 'log.local.retention.bytes',
    doc: 'Without effect: there is one store, not a local and a remote one.',
  },
  'local.retention.ms': {
    type: 'long',
    default: '-2',
    min: -2,
    broker: 'log.local.retention.ms',
    doc: 'Without effect: there is one store, not a local and a remote one.',
  },
  'max.compaction.lag.ms': {
    type: 'long',
    default: '9223372036854775807',
    min: 1,
    broker: 'log.cleaner.max.compaction.lag.ms',
    doc: 'The longest time that a record waits for compaction.',
  },
  'max.message.bytes': {
    type: 'int',
    default: '1048588',
    min: 0,
    broker: 'message.max.bytes',
    doc: 'The largest record batch, as sent.',
  },
  'message.timestamp.after.max.ms': {
    type: 'long',
    default: '3600000',
    min: 0,
    broker: 'log.message.timestamp.after.max.ms',
    doc: 'How far ahead of the broker’s clock a record’s timestamp may be. CreateTime only.',
  },
  'message.timestamp.before.max.ms': {
    type: 'long',
    default: '9223372036854775807',
    min: 0,
    broker: 'log.message.timestamp.before.max.ms',
    doc: 'How far behind the broker’s clock a record’s timestamp may be. CreateTime only.',
  },
  'message.timestamp.type': {
    type: 'string',
    default: 'CreateTime',
    choices: ['CreateTime', 'LogAppendTime'],
    broker: 'log.message.timestamp.type',
    doc: 'Whether a record keeps the producer’s timestamp or gets the time of its arrival.',
  },
  'min.cleanable.dirty.ratio': {
    type: 'double',
    default: '0.5',
    min: 0,
    max: 1,
    broker: 'log.cleaner.min.cleanable.ratio',
    doc: 'The share of bytes not compacted yet at which a partition is worth compacting.',
  },
  'min.compaction.lag.ms': {
    type: 'long',
    default: '0',
    min: 0,
    broker: 'log.cleaner.min.compaction.lag.ms',
    doc: 'How long a record stays as it is before compaction may drop it.',
  },
  'min.insync.replicas': {
    type: 'int',
    default: '1',
    min: 1,
    broker: 'min.insync.replicas',
    doc: 'Without effect: a batch is as durable as its store before it is acknowledged.',
  },
  preallocate: {
    type: 'boolean',
    default: 'false',
    broker: 'log.preallocate',
    doc: 'Without effect: journal files are always made in their full size.',
  },
  'remote.log.copy.disable': {
    type: 'boolean',
    default: 'false',
    doc: 'Without effect: there is one store, not a local and a remote one.',
  },
  'remote.log.delete.on.disable': {
    type: 'boolean',
    default: 'false',
    doc: 'Without effect: there is one store, not a local and a remote one.',
  },
  'remote.storage.enable': {
    type: 'boolean',
    default: 'false',
    refused: {
      values: ['true'],
      because: 'all data lies in the object store already: there is no second tier to enable',
    },
    doc: 'Only false: all data lies in the object store already.',
  },
  'retention.bytes': {
    type: 'long',
    default: '-1',
    min: -1,
    broker: 'log.retention.bytes',
    doc: 'How many bytes a partition keeps; the oldest go first. -1: no limit.',
  },
  'retention.ms': {
    type: 'long',
    default: '604800000',
    min: -1,
    broker: 'log.retention.ms',
    coarser: [
      { name: 'log.retention.minutes', factor: 60_000 },
      { name: 'log.retention.hours', factor: 3_600_000 },
    ],
    defaultShown: { name: 'log.retention.hours', text: '168' },
    doc: 'How long records are kept. -1: for ever.',
  },
  'segment.bytes': {
    type: 'int',
    default: '1073741824',
    min: 1_048_576,
    broker: 'log.segment.bytes',
    doc: 'Without effect: there are no segment files. See pack.object.bytes.',
  },
  'segment.index.bytes': {
    type: 'int',
    default: '10485760',
    min: 4,
    broker: 'log.index.size.max.bytes',
    doc: 'Without effect: there are no index files.',
  },
  'segment.jitter.ms': {
    type: 'long',
    default: '0',
    min: 0,
    broker: 'log.roll.jitter.ms',
    defaultShown: null,
    doc: 'Without effect: there are no segment files.',
  },
  'segment.ms': {
    type: 'long',
    default: '604800000',
    min: 1,
    broker: 'log.roll.ms',
    defaultShown: null,
    doc: 'The longest time that one packed run of records spans: how exact retention is.',
  },
  'unclean.leader.election.enable': {
    type: 'boolean',
    default: 'false',
    broker: 'unclean.leader.election.enable',
    doc: 'Without effect: no broker leads by what it holds, so none can be unclean.',
  },
} as const
