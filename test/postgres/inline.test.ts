/**
 * Groups that travel in their commit, over a real database: two whole brokers, one of which reads
 * what the other wrote, packs it, and drops it.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { unpooled } from '../../src/base/hold.ts'
import { silentLog } from '../../src/base/log.ts'
import { LogLevels } from '../../src/base/log-levels.ts'
import { systemClock } from '../../src/base/system-clock.ts'
import { systemRandom } from '../../src/base/system-random.ts'
import { inlineData, objects } from '../../src/catalog/schema.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { nodeDisk } from '../../src/disk/node-disk.ts'
import { nodeNetwork } from '../../src/kafka/node-network.ts'
import { openInlinePass } from '../../src/log/compaction-pass.ts'
import type { KnownTopic } from '../../src/log/topic-directory.ts'
import { MemoryObjectStore } from '../../src/objects/memory-object-store.ts'
import { buildBatch } from '../../src/record/build-batch.ts'
import { type Server, startServer } from '../../src/server.ts'
import { inlineChecker } from '../../src/contract/check/record-checker.ts'
import { schemaFormats } from '../../src/registry/schema/schema-formats.ts'
import { inlineRepacker } from '../support/inline-repacker.ts'
import { until } from '../support/until.ts'
import { Catalogs } from './catalogs.ts'

const catalogs = new Catalogs()

const quick = {
  'pack.inline.ms': 300,
  'object.grace.ms': 1_000,
  'tail.cache.bytes': 1_048_576,
  'journal.linger.ms.max': 50,
}

async function startBroker(
  t: TestContext,
  name: string,
  schema: string,
  store: MemoryObjectStore,
): Promise<Server> {
  const storage = 's3://bucket/p'
  const flags = { kafka: '127.0.0.1:0', name, storage, catalog: 'postgres://user@host/database' }
  const parsed = parseConfig({ flags })
  assert.ok(parsed.ok, JSON.stringify(parsed))
  const server = await startServer(
    { ...parsed, config: { ...parsed.config, ...quick } },
    {
      clock: systemClock,
      random: systemRandom,
      disk: nodeDisk,
      network: nodeNetwork,
      openDatabase: () => assert.fail('a broker of a fleet has no folder'),
      fleet: {
        openDatabase: () => catalogs.open(schema),
        openObjects: async () => store,
        place: 'memory',
      },
      repacker: inlineRepacker,
      checker: inlineChecker(schemaFormats),
      openPass: openInlinePass,
      log: silentLog,
      logLevels: new LogLevels('INFO'),
      jobTimes: {
        ...{ outcomesKeptMs: 60_000, orphanMs: 60_000, journalRowsMs: 60_000 },
        ...{ mergeLookMs: 60_000, mergeAgeMs: 60_000 },
        ...{ sweepMs: 60_000, dropTopicsMs: 60_000, expireGroupsMs: 60_000 },
      },
    },
  )
  t.after(() => server.close())
  return server
}

async function createTopic(
  { broker }: Server,
  name: string,
  latency: 'low' | 'standard',
): Promise<KnownTopic> {
  const overrides = { 'karst.latency.class': latency }
  const shape = { name, partitionCount: 1, replicationFactor: 1, overrides }
  const { topic } = await broker.topics.create(shape)
  assert.ok(topic !== undefined)
  return topic
}

/** Resolves with how long it took, in milliseconds. */
async function append({ broker }: Server, topic: KnownTopic, value: Buffer): Promise<number> {
  const begunMs = performance.now()
  const bytes = buildBatch([{ key: null, value, timestampMs: Date.now() }])
  const intent = {
    ...{ topicId: topic.topicId, configVersion: topic.configVersion },
    ...{ partitionId: topic.partitionIds[0] ?? -1, partitionIndex: 0 },
    ...{ producerId: -1, producerEpoch: -1, baseSequence: -1, offsetCount: 1 },
    ...{ maxTimestampMs: 0, byteLength: bytes.length },
  }
  const latency = topic.effective['karst.latency.class']
  const { outcome } = await broker.logs.append(intent, bytes, unpooled, latency)
  assert.equal(outcome, 'appended')
  return performance.now() - begunMs
}

/** All bytes of the partition, as a reader at that broker gets them. */
async function readAll({ broker }: Server, topic: KnownTopic, count: number): Promise<Buffer> {
  const partitionId = topic.partitionIds[0] ?? -1
  const end = (): number | undefined => broker.logs.index.get(partitionId)?.logEnd
  await until(
    () => end() === count,
    5_000,
    () => `the log ends at ${end()}`,
  )
  const log = broker.logs.index.get(partitionId)
  assert.ok(log !== undefined)
  const chunks: Buffer[] = []
  for (let offset = 0; offset < count;) {
    const result = await broker.logs.read(log, offset, 100_000)
    assert.ok(result.outcome === 'records' && result.nextOffset > offset)
    chunks.push(...result.chunks.map((chunk) => Buffer.from(chunk)))
    offset = result.nextOffset
    result.release()
  }
  return Buffer.concat(chunks)
}

test('what travels in its commit is read at another broker, packed, and dropped', async (t) => {
  const schema = catalogs.newSchema()
  const store = new MemoryObjectStore({ clock: systemClock })
  const database = await catalogs.open(schema)
  t.after(() => database.close())
  const one = await startBroker(t, 'b1', schema, store)
  const other = await startBroker(t, 'b2', schema, store)
  const low = await createTopic(one, 'low', 'low')
  const standard = await createTopic(one, 'standard', 'standard')
  const journalKeys = async (): Promise<number> =>
    (await store.list('', undefined, 1_000)).filter(({ key }) => key.includes('/journal-')).length
  const inlineRows = (): Promise<unknown[]> =>
    database.snapshot('look', (tx) => tx.scan(inlineData, { prefix: [], limit: 1_000 }))

  const value = (at: number): Buffer => Buffer.alloc(500 + at, at)
  for (let at = 0; at < 40; at++) {
    await Promise.all([append(one, low, value(at)), append(one, standard, value(at))])
  }
  assert.equal(await journalKeys(), 0, 'none is stored before its commit')
  assert.ok((await inlineRows()).length > 0)
  const written = { low: await readAll(one, low, 40), standard: await readAll(one, standard, 40) }
  assert.deepEqual(await readAll(other, low, 40), written.low)
  assert.deepEqual(await readAll(other, standard, 40), written.standard)

  const large = Buffer.alloc(200_000, 7)
  await append(one, low, large)
  assert.equal(await journalKeys(), 1, 'a large batch goes the standard way, whatever the class')
  await append(one, low, value(1))

  // The packer takes the rows before it; what comes behind waits for the window.
  await until(
    async () => (await inlineRows()).length <= 1,
    20_000,
    () => 'rows are left',
  )
  const kinds = await database.snapshot('look', (tx) =>
    tx.scan(objects, { prefix: [], limit: 1_000 }),
  )
  assert.ok(kinds.some(({ kind, state }) => kind === 'packed' && state === 'live'))
  const all = await readAll(one, low, 42)
  assert.deepEqual(all.subarray(0, written.low.length), written.low)
  assert.deepEqual(await readAll(other, low, 42), all)
  assert.deepEqual(await readAll(other, standard, 40), written.standard)
})
