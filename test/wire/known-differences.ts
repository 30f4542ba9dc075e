/**
 * Where Karst answers otherwise than Apache Kafka, and why that is right. A difference that is not
 * here fails `npm run test:wire`; one that is here and is gone fails, too.
 */

export interface KnownDifference {
  readonly key: number
  /** The case's name; `*` stands for any text, here and in the others. */
  readonly case: string
  readonly path: string
  /** Both answers, as they are printed. Without them any will do. */
  readonly kafka?: string
  readonly karst?: string
  readonly reason: string
}

/** `key`, case, path, reason, and both answers where others would be wrong. */
type Row = readonly [
  key: number,
  name: string,
  path: string,
  reason: string,
  kafka?: string,
  karst?: string,
]

const talks = 'people are told what is wrong where Kafka says nothing; no client acts on words'
const silent = 'Kafka has no words here either: an empty text for none'
const ownEntry = 'each entry is answered; Kafka keeps one of two for the same partition'
const stricter = 'a client that sends this is broken: refused before it spoils a log'
const beginsAtZero =
  'a producer that is younger than the topic begins at sequence 0: what comes first may be at a ' +
  'broker that hangs, and would be refused for ever'
const notDecompressed =
  'compressed batches are opened only where a rule needs their records, which costs most of a ' +
  'produce; consumers check them'
const anyBroker = 'replicas are the storage’s affair: any number of them, on any broker, is taken'
const unnamed = 'a server error of Kafka; here the request is judged'
const logStart =
  'the log start is told of what was appended, not beside a refusal; no client reads it'

const once = 'each once: an answer is not to be larger than what there is'
const clusterWide =
  'Kafka keeps it as a config of all brokers (KIP-966); here it is what it is by default'
const ownConfig = 'a config that only Karst has; clients take whatever names come'
const ownSettings = 'each of the two brokers tells its own settings'
const fixed = 'here it does not change while the broker runs'
const notAskedFor = 'null where it was not asked for, as of all others'
const oneLevel = 'a level is what a release does: there is no lower one to go to'
const noWords = 'Kafka’s words for no error: NONE'

/** Keys of Kafka that are not in our ApiVersions. */
const notServed = (reason: string, ...keys: readonly number[]): Row[] =>
  keys.map((key) => [18, '*', `*apiKeys[${key}]`, reason, '*', 'nothing'])

const rows: readonly Row[] = [
  // Produce.
  [0, '*', '*.errorMessage', talks, 'null', '"<words>"'],
  [0, '*', '*.logStartOffset', logStart, '0', '-1'],
  [0, 'null records', '', 'Kafka never answers; here it is INVALID_RECORD', '"<silent>"'],
  [0, 'a partition twice', 'responses[t].partitionResponses[0 #2]', ownEntry],
  [0, 'a batch and a piece', '*.errorCode', 'Kafka drops the piece and answers that all is well'],
  [0, 'a delete horizon', '*.errorCode', 'only a cleaner of logs sets it (KIP-534)'],
  [0, 'a codec that is unknown', '*.errorCode', unnamed, '"UNKNOWN_SERVER_ERROR(-1)"'],
  [0, 'gzip that is none', '*.errorCode', notDecompressed],
  [0, 'compressed, inner deltas off', '*.errorCode', notDecompressed],
  [
    0,
    'log append time said by the client',
    '*.errorCode',
    'only brokers stamp batches: consumers would take a client’s time for the broker’s',
  ],
  [0, 'an epoch below 0', '*.errorCode', stricter],
  ...['a first sequence above 0', 'a producer id nobody gave'].map((name): Row => [
    ...([0, name, '*.errorCode', beginsAtZero] as const),
    ...(['"NONE(0)"', '"OUT_OF_ORDER_SEQUENCE_NUMBER(45)"'] as const),
  ]),
  [
    0,
    '*',
    '*.logAppendTimeMs',
    'of a duplicate Kafka tells the last timestamp, which clients take for that of every record',
    '"<time>"',
    '-1',
  ],

  // Fetch.
  [
    1,
    'beyond the end',
    '*',
    'where the log begins and ends is told: it helps whoever is outside',
    '-1',
  ],
  [
    1,
    'below the start',
    '*',
    'where the log begins and ends is told: it helps whoever is outside',
    '-1',
  ],
  [1, 'an isolation that is none', '*errorCode', 'read as uncommitted; a server error of Kafka'],
  [1, 'a partition twice', '*', ownEntry],
  [
    1,
    'a new session',
    'sessionId',
    'sessions are refused, lawfully: every answer has id 0 (KIP-227)',
  ],
  [
    1,
    'zstd',
    '*.errorCode',
    'an old client is told what it cannot read (KIP-110); Kafka looks at the topic’s config',
  ],

  // ListOffsets, Metadata, OffsetCommit.
  [2, 'a partition twice', 'topics[t].partitions[0 #2]', ownEntry],
  [3, 'by neither', '*', unnamed],

  // FindCoordinator.
  [10, 'of a share group, of many', '*', 'share groups are not served yet'],

  // DescribeGroups.
  [15, 'a group twice', 'groups[g #2]', once],

  // ApiVersions.
  ...notServed(
    'authentication and permissions come later',
    17,
    29,
    30,
    31,
    36,
    38,
    39,
    40,
    41,
    50,
    51,
  ),
  ...notServed('share groups come later', 76, 77, 78, 79, 83, 84, 85, 86, 87, 90, 91, 92),
  ...notServed('Kafka Streams’ own groups come later; it works without', 88, 89),
  ...notServed('there are no controllers to add, and no brokers to take out', 64, 80, 81),
  [18, '*', '*finalizedFeaturesEpoch', 'counts what each cluster went through'],
  [18, '*', '*Features[metadata.version]', 'there is no log of metadata here'],
  [18, '*', '*Features[kraft.version]', 'there is no KRaft here'],
  [18, '*', '*Features[eligible.leader.replicas.version]', 'replicas are the storage’s affair'],
  [18, '*', '*Features[share.version]', 'share groups come later'],
  [18, '*', '*Features[streams.version]', 'Kafka Streams’ own groups come later'],

  // CreateTopics.
  [
    19,
    'names that clash with each other',
    'topics[a_b].errorCode',
    'Kafka sees only those there are',
  ],
  [
    19,
    'a name of the broker',
    '*',
    'there is no topic of the broker here: offsets are in the catalog',
  ],
  [19, 'replication factor 3', 'topics[a].errorCode', anyBroker],
  [19, 'assigned to a stranger', 'topics[a].errorCode', anyBroker],
  [19, '*', '*.configs[min.insync.replicas].configSource', clusterWide],
  [19, '*', '*.configs[karst.latency.class]', ownConfig, 'nothing'],
  [
    20,
    'by name and by id at once',
    '*.topicId',
    'refused as Kafka refuses it; the id is told only where it was asked for',
  ],

  // DeleteRecords.
  [21, 'a partition twice', '*', ownEntry],

  // DescribeConfigs.
  [32, '*', '*.configs[karst.latency.class]', ownConfig, 'nothing'],
  [32, '*', '*min.insync.replicas*', clusterWide],
  [
    32,
    '*',
    '*.synonyms[log.retention.hours]',
    'the default is told as Kafka documents it: in hours',
  ],
  [32, 'all of the broker', '*', ownSettings],
  [32, 'some of the broker', '*', ownSettings],
  [32, '*', '*.errorMessage', talks, '""', '"<words>"'],
  [32, 'a topic twice', 'results[t #2]', once],
  [32, 'of loggers', '*[root].value', ownSettings, '"ERROR"', '"INFO"'],
  [32, 'of loggers', '*.documentation', notAskedFor, '""', 'null'],
  [32, 'of client metrics', '*.readOnly', fixed],

  // AlterConfigs.
  [33, 'a topic twice', '', 'Kafka never answers; here it is INVALID_REQUEST', '"<silent>"'],

  // CreatePartitions.
  [37, '*', '*.errorMessage', talks, 'null', '"<words>"'],
  [37, 'assigned to *', 'results[t].errorCode', anyBroker],

  // IncrementalAlterConfigs.
  [44, 'an operation that is none', '*.errorCode', unnamed, '"UNKNOWN_SERVER_ERROR(-1)"'],
  [44, 'what no broker knows', '*.errorCode', 'what is set and has no effect would be a lie'],

  [44, 'a logger’s level*', '*.documentation', notAskedFor, '""', 'null'],

  // AlterPartitionReassignments.
  [45, '*', '*.errorMessage', talks, 'null', '"<words>"'],
  [45, 'nothing', 'errorMessage', silent, '""', 'null'],

  // AlterClientQuotas.
  [
    49,
    'a type twice',
    'entries[0].errorCode',
    'Kafka takes the last one; which is meant is not known',
  ],

  // DescribeQuorum.
  [
    55,
    'of the metadata',
    '*',
    'there is no log of metadata here: one voter, with nothing behind it',
  ],
  [55, 'of *', '*', 'a partition without a quorum has no leader and no epoch: -1'],

  // UpdateFeatures.
  [57, '*', '*results[*].errorMessage', noWords, '"<words>"', 'null'],
  [57, 'down by one', '*.errorCode', oneLevel, '"NONE(0)"', '"INVALID_UPDATE_VERSION(95)"'],

  // ConsumerGroupDescribe.
  [69, 'twice', 'groups[g #2]', once],

  // DescribeTopicPartitions.
  [75, 'unknown, and names that are none', '*.errorCode', unnamed, '"UNKNOWN_SERVER_ERROR(-1)"'],
]

export const knownDifferences: readonly KnownDifference[] = rows.map(
  ([key, name, path, reason, kafka = '*', karst = '*']) => ({
    ...{ key, case: name, path, reason, kafka, karst },
  }),
)
