/** Where a fleet keeps things, memory for reading, the journal, what is made of it, a full disk. */
export const storageOptions = {
  // Of a fleet: nothing is kept on the machine.
  'storage.url': {
    type: 'string',
    default: undefined,
    doc: [
      'The bucket of a fleet: s3://BUCKET/PREFIX?region=…&endpoint=…&path-style=…. Credentials',
      'come from the environment, a profile or the machine’s role. Together with catalog.url.',
    ],
    flag: 'storage',
    shape: 'URL',
  },
  'catalog.url': {
    type: 'string',
    default: undefined,
    doc: [
      'The database of a fleet: postgres://USER@HOST:PORT/DATABASE?schema=…. The password may',
      'stand in PGPASSWORD. Together with storage.url.',
    ],
    flag: 'catalog',
    shape: 'URL',
    sensitive: true,
  },
  'journal.linger.ms.max': {
    type: 'integer',
    default: 150,
    min: 1,
    max: 10_000,
    unit: 'ms',
    doc: [
      'In a fleet, how long a group of appends gathers before it is stored, from its first append',
      'on, or from the group before where appends come all the time. It ends earlier at',
      'journal.group.bytes.',
    ],
    reason: [
      'Seven requests a second and broker, half of a produce’s latency at the median. Shorter ones',
      'cost more and worsen the tail.',
    ],
  },
  'journal.put.inflight': {
    type: 'integer',
    default: 4,
    min: 1,
    max: 64,
    unit: 'count',
    doc: 'In a fleet, groups that are being stored at once. They are committed in their order.',
  },
  'journal.cache.bytes': {
    type: 'integer',
    default: 67_108_864,
    min: 1_048_576,
    unit: 'bytes',
    doc: 'In a fleet, memory for groups of other brokers, read and kept whole.',
  },

  // Small groups inside the commit, in a fleet.
  'journal.inline.max.bytes': {
    type: 'integer',
    default: 32_768,
    min: 0,
    max: 131_072,
    unit: 'bytes',
    doc: [
      'In a fleet, a group of appends up to this size travels in its commit, instead of being',
      'stored as an object before. A broker with so little traffic that journal.linger.ms.max',
      'gathers no more waits 20 ms instead. 0: only topics with karst.latency.class=low.',
    ],
    reason: 'A request to the bucket costs more than a row of this size.',
  },
  'journal.inline.low.max.bytes': {
    type: 'integer',
    default: 65_536,
    min: 1024,
    max: 131_072,
    unit: 'bytes',
    doc: [
      'In a fleet, the largest batch of a topic with karst.latency.class=low that travels in its',
      'commit; larger ones go the standard way. It closes a group, too.',
    ],
    reason: 'Larger rows take the database so long that others notice.',
  },
  'journal.inline.linger.ms': {
    type: 'integer',
    default: 3,
    min: 1,
    max: 1000,
    unit: 'ms',
    doc: 'In a fleet, how long a group of topics with karst.latency.class=low gathers.',
    reason: 'A commit takes as long; more in one saves the database work.',
  },
  'journal.inline.bytes.per.second': {
    type: 'integer',
    default: 2_000_000,
    min: 0,
    unit: 'bytes',
    doc: [
      'Bytes that this broker may let travel in commits. Beyond it appends go the standard way;',
      'none is refused. 0: none do.',
    ],
    reason: 'The database writes, keeps and replicates each byte, at several times the price.',
  },
  'journal.inline.total.bytes.per.second': {
    type: 'integer',
    default: 8_000_000,
    min: 0,
    unit: 'bytes',
    doc: 'The same for all brokers together: each has an equal share of it at most.',
  },
  'pack.inline.ms': {
    type: 'integer',
    default: 5000,
    min: 100,
    max: 86_400_000,
    unit: 'ms',
    doc: 'How long bytes stay in the database before they are packed into objects.',
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
    doc: 'Blocks read from storage, half for what is not packed yet, half for who catches up.',
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
    doc: [
      'The size at which a packed object is ended and another begun. Packing takes as much',
      'memory; in a fleet twice as much, and four times where there are very many partitions.',
    ],
  },
  'object.grace.ms': {
    type: 'integer',
    default: 60_000,
    min: 1000,
    unit: 'ms',
    doc: 'How long an object stays after nothing names it any more, for reads that are under way.',
  },

  // The catalog of a fleet, copied beside its objects.
  'catalog.backup.interval.ms': {
    type: 'integer',
    default: 3_600_000,
    min: 0,
    max: 604_800_000,
    unit: 'ms',
    doc: [
      'In a fleet, how old the newest backup of the catalog gets before one broker makes another,',
      'in the bucket. 0: none is made.',
    ],
    reason: [
      'What objects tell brings back nearly all records since a backup; offsets of groups and',
      'configs are as old as it is.',
    ],
  },
  'catalog.backups.kept': {
    type: 'integer',
    default: 24,
    min: 1,
    max: 10_000,
    unit: 'count',
    doc: 'In a fleet, backups of the catalog that are kept; older ones are deleted.',
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
} as const
