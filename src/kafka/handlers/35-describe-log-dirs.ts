/**
 * DescribeLogDirs, versions 1 to 5 (KIP-113): one folder, the broker's own, with the bytes that
 * partitions hold in it. They lie in objects that partitions share; the size is that of a
 * partition's batches, as they are stored. There is one copy and no lag.
 *
 * - A partition is told by one broker of the cluster: tools ask all of them and add up.
 * - Topics and partitions that do not exist are left out, as by Kafka.
 * - Size and free space of the volume (4+, KIP-827). No folder is cordoned (5+, KIP-1066).
 */
import { isFailure } from '../../base/errors.ts'
import type { KnownTopic } from '../../log/topic-directory.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  describeLogDirs,
  type DescribeLogDirsReply,
  type DescribeLogDirsRequest,
} from '../../wire/messages/35-describe-log-dirs.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { failureCode } from '../to-error-code.ts'
import { Turns } from '../turns.ts'

type LogDir = DescribeLogDirsReply['results'][number]
type TopicReply = LogDir['topics'][number]

export function describeLogDirsHandler(broker: Broker): Handler {
  return handler(describeLogDirs, async ({ topics }) => {
    const result = await describeFolder(broker, topics)
    return { response: { errorCode: ErrorCode.NONE, results: [result] } }
  })
}

async function describeFolder(
  broker: Broker,
  asked: DescribeLogDirsRequest['topics'],
): Promise<LogDir> {
  try {
    const volume = await broker.volume()
    const topics: TopicReply[] = []
    const turns = new Turns(broker.clock)
    for (const [topic, indexes] of chosen(broker, asked)) {
      topics.push(await sizesOf(broker, topic, indexes, turns))
    }
    return {
      errorCode: ErrorCode.NONE,
      logDir: volume.folder,
      topics: topics.filter(({ partitions }) => partitions.length > 0),
      totalBytes: volume.totalBytes,
      usableBytes: volume.freeBytes,
    }
  } catch (error) {
    if (!isFailure(error)) throw error
    const logDir = broker.config['data.dir']
    return { errorCode: failureCode(error), logDir, topics: [] }
  }
}

/** Topics and indexes of partitions, each once. */
function chosen(
  { topics }: Broker,
  asked: DescribeLogDirsRequest['topics'],
): Map<KnownTopic, ReadonlySet<number>> {
  if (asked === null) {
    return new Map(topics.all().map((topic) => [topic, new Set(topic.partitionIds.keys())]))
  }
  const found = new Map<KnownTopic, Set<number>>()
  for (const { topic: name, partitions } of asked) {
    const topic = topics.byName(name)
    if (topic === undefined) continue
    found.set(topic, new Set([...(found.get(topic) ?? []), ...partitions]))
  }
  return found
}

async function sizesOf(
  { cluster, logs }: Broker,
  { name, partitionIds }: KnownTopic,
  indexes: ReadonlySet<number>,
  turns: Turns,
): Promise<TopicReply> {
  const partitions: TopicReply['partitions'][number][] = []
  for (const partitionIndex of indexes) {
    const log = logs.index.get(partitionIds[partitionIndex] ?? -1)
    if (log === undefined || !cluster.isLister(log.partitionId)) continue
    const partitionSize = await logs.sizes.sizeOf(log)
    partitions.push({ partitionIndex, partitionSize, offsetLag: 0, isFutureKey: false })
    await turns.step()
  }
  return { name, partitions }
}
