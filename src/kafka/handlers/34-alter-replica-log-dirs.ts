/**
 * AlterReplicaLogDirs, versions 1 to 2: there is one folder, and everything is in it. Moving a
 * partition there succeeds at once; any other folder is LOG_DIR_NOT_FOUND, as in Kafka.
 */
import { isFailure } from '../../base/errors.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  alterReplicaLogDirs,
  type AlterReplicaLogDirsReply,
} from '../../wire/messages/34-alter-replica-log-dirs.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { failureCode } from '../to-error-code.ts'
import { hasPartition } from '../topic-look-up.ts'
import { Turns } from '../turns.ts'

type TopicReply = AlterReplicaLogDirsReply['results'][number]

export function alterReplicaLogDirsHandler(broker: Broker): Handler {
  return handler(alterReplicaLogDirs, async ({ dirs }) => {
    const turns = new Turns(broker.clock)
    const own = await ownFolders(broker)
    const results: TopicReply[] = []
    for (const { path, topics } of dirs) {
      const isOurs = own.includes(path)
      for (const { name, partitions } of topics) {
        const codeOf = isOurs ? await codes(broker, name) : () => ErrorCode.LOG_DIR_NOT_FOUND
        const told = partitions.map((partitionIndex) => {
          return { partitionIndex, errorCode: codeOf(partitionIndex) }
        })
        results.push({ topicName: name, partitions: told })
        await turns.step()
      }
    }
    return { response: { results } }
  })
}

/** As it was configured, and as DescribeLogDirs tells it. */
async function ownFolders({ config, volume }: Broker): Promise<string[]> {
  const given = config['data.dir']
  try {
    return [given, (await volume()).folder]
  } catch (error) {
    if (!isFailure(error)) throw error
    return [given]
  }
}

async function codes({ topics }: Broker, name: string): Promise<(index: number) => number> {
  try {
    const topic = await topics.find(name)
    return (index) =>
      topic !== undefined && hasPartition(topic, index)
        ? ErrorCode.NONE
        : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  } catch (error) {
    if (!isFailure(error)) throw error
    return () => failureCode(error)
  }
}
