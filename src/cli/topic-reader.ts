/** The reader behind commands that read topics. */
import type { KafkaClient } from '../client/kafka-client.ts'
import type { Isolation, TopicPartition } from '../client/partition-offsets.ts'
import { PartitionReader } from '../client/partition-reader.ts'
import type { CommandIo } from './command.ts'

/** How long brokers may be gone before a consumer gives up. */
const troubleMs = 30_000

/** A reader that tells on standard error what it had to skip. */
export function readerFor(
  client: KafkaClient,
  io: CommandIo,
  positions: readonly (TopicPartition & { readonly offset: number })[],
  isolation: Isolation = 'read_uncommitted',
): PartitionReader {
  return new PartitionReader(client, positions, {
    isolation,
    signal: io.signal,
    troubleMs,
    skipped: ({ topic, partition }, from, to) =>
      io.err(
        `${topic}:${partition}: offsets ${from} to ${to - 1} are deleted, going on at ${to}\n`,
      ),
  })
}
