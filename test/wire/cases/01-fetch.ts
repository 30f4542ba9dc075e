/** Fetch: positions, limits, epochs, ids, sessions, isolation. */
import { fetch } from '../../../src/wire/messages/01-fetch.ts'
import { batch } from '../batches.ts'
import { casesOf, within } from '../scenario.ts'
import type { Scenario, Topic, WireCase } from '../scenario.ts'

const unknownId = 'abcdefghijklmnopqrstuv'
const oneMiB = 1_048_576

interface Part {
  readonly partition?: number
  readonly fetchOffset?: number
  readonly currentLeaderEpoch?: number
  readonly partitionMaxBytes?: number
  readonly lastFetchedEpoch?: number
}

const part = (given: Part) => ({
  partition: 0,
  fetchOffset: 0,
  partitionMaxBytes: oneMiB,
  ...given,
})
const from = (topic: Topic, ...parts: Part[]) => ({
  maxWaitMs: 0,
  minBytes: 0,
  topics: [
    {
      topic: topic.name,
      topicId: topic.id,
      partitions: (parts.length === 0 ? [{}] : parts).map(part),
    },
  ],
  forgottenTopicsData: [],
})

/** Three batches: offsets 0-2, 3-4 and 5. */
async function filled(scenario: Scenario): Promise<Topic> {
  const topic = await scenario.topic('t')
  await scenario.produce(topic.name, batch(['a', 'b', 'c']))
  await scenario.produce(topic.name, batch(['d', 'e'], { codec: 'lz4' }))
  await scenario.produce(topic.name, batch(['f']))
  return topic
}

export const fetchCases: WireCase[] = casesOf(fetch, {
  everything: async (trial) => trial.try(from(await filled(trial))),
  'from within a batch': async (trial) => trial.try(from(await filled(trial), { fetchOffset: 4 })),
  'at the end': async (trial) => trial.try(from(await filled(trial), { fetchOffset: 6 })),
  'at the end, waiting': async (trial) =>
    trial.try({ ...from(await filled(trial), { fetchOffset: 6 }), maxWaitMs: 50, minBytes: 1 }),
  'beyond the end': async (trial) => trial.try(from(await filled(trial), { fetchOffset: 7 })),
  'below the start': async (trial) => trial.try(from(await filled(trial), { fetchOffset: -1 })),
  'an empty topic': async (trial) => trial.try(from(await trial.topic('t'))),
  'one byte at most': async (trial) => trial.try({ ...from(await filled(trial)), maxBytes: 1 }),
  'one byte at most of a partition': async (trial) =>
    trial.try(from(await filled(trial), { partitionMaxBytes: 1 })),
  'no bytes at most': async (trial) => trial.try({ ...from(await filled(trial)), maxBytes: 0 }),
  'two batches at most': async (trial) =>
    trial.try(from(await filled(trial), { partitionMaxBytes: 190 })),
  'read committed': async (trial) => trial.try({ ...from(await filled(trial)), isolationLevel: 1 }),
  'an isolation that is none': async (trial) =>
    trial.try({ ...from(await filled(trial)), isolationLevel: 2 }),
  'unknown topic': within(4, 12, (trial) =>
    trial.try(from({ name: trial.name('no'), id: unknownId })),
  ),
  'unknown topic id': within(13, 99, (trial) => trial.try(from({ name: '', id: unknownId }))),
  'unknown partition': async (trial) => trial.try(from(await filled(trial), { partition: 5 })),
  'negative partition': async (trial) => trial.try(from(await filled(trial), { partition: -1 })),
  'the right leader epoch': within(9, 99, async (trial) =>
    trial.try(from(await filled(trial), { currentLeaderEpoch: 0 })),
  ),
  'a leader epoch to come': within(9, 99, async (trial) =>
    trial.try(from(await filled(trial), { currentLeaderEpoch: 5 })),
  ),
  'a fetched epoch': within(12, 99, async (trial) =>
    trial.try(from(await filled(trial), { lastFetchedEpoch: 0, fetchOffset: 3 })),
  ),
  'no topics': (trial) =>
    trial.try({ maxWaitMs: 0, minBytes: 0, topics: [], forgottenTopicsData: [] }),
  'a partition twice': async (trial) =>
    trial.try(from(await filled(trial), {}, { fetchOffset: 3 })),
  'a new session': within(7, 99, async (trial) =>
    trial.try({ ...from(await filled(trial)), sessionId: 0, sessionEpoch: 0 }),
  ),
  'a session nobody has': within(7, 99, async (trial) =>
    trial.try({ ...from(await filled(trial)), sessionId: 12_345, sessionEpoch: 1 }),
  ),
  'a session that ends': within(7, 99, async (trial) =>
    trial.try({ ...from(await filled(trial)), sessionId: 12_345, sessionEpoch: -1 }),
  ),
  zstd: async (trial) => {
    const topic = await trial.topic('t')
    await trial.produce(topic.name, batch(['a'], { codec: 'zstd' }))
    await trial.try(from(topic))
  },
  'log append time': async (trial) => {
    const topic = await trial.topic('t', 1, { 'message.timestamp.type': 'LogAppendTime' })
    await trial.produce(topic.name, batch(['a']))
    await trial.try(from(topic))
  },
})
