/**
 * The drill of docs/runbooks/catalog-backup.md: a fleet loses its database, and is brought back
 * from a backup and from what its objects tell.
 */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { openKafkajs } from '../support/clients/kafkajs.ts'
import { readAll as readToEnd } from '../support/clients/kcat.ts'
import { Fleet } from '../support/fleet.ts'
import { typed, type Typed } from '../support/karst-command.ts'
import { until } from '../support/until.ts'
import { WireClient } from '../e2e/wire-client.ts'

let fleet: Fleet

before(async () => {
  // Groups inside the catalog would be lost with it: those of the bucket are what is rescued here.
  const inline = ['--journal-inline-max-bytes', '0']
  const flags = ['--pack-window-ms', '1000', '--object-grace-ms', '1000', ...inline]
  fleet = await Fleet.start({ brokers: 2, flags })
})
after(() => fleet.close())

function karst(...args: string[]): Promise<Typed> {
  const where = ['--storage', fleet.storageUrl, '--catalog', fleet.catalogUrl]
  return typed('', [...args, ...where], '', fleet.environment)
}

/**
 * One transaction beside brokers that are at work. It takes its rows in any order, so that it and
 * a commit can wait for each other: PostgreSQL then ends either, and what it ended left nothing.
 */
async function catalogSql(text: string): Promise<void> {
  for (let triesLeft = 10; ; triesLeft--) {
    const client = new pg.Client({ connectionString: fleet.postgres.url() })
    await client.connect()
    try {
      await client.query(text)
      return
    } catch (error) {
      const isDeadlock = error instanceof pg.DatabaseError && error.code === '40P01'
      if (!isDeadlock || triesLeft === 0) throw error
    } finally {
      await client.end()
    }
  }
}

async function stored(kind: string): Promise<string[]> {
  const prefix = path.join(fleet.s3.dataFolder, 'buckets', 'karst', 'fleet')
  const [clusterId] = (await readdir(prefix)).filter((name) => name !== 'karst-cluster')
  const names = await readdir(path.join(prefix, clusterId ?? ''))
  return names.filter((name) => name.startsWith(kind))
}

/** Acknowledged values by offset, through both brokers in turn. */
async function write(topic: string, from: number, to: number): Promise<Map<number, string>> {
  const acknowledged = new Map<number, string>()
  const clients = await Promise.all(
    fleet.brokers.map(({ bootstrap }) => WireClient.open(bootstrap)),
  )
  await clients[0]?.createTopic(topic)
  for (let value = from; value < to; value++) {
    const client = clients[value % clients.length]
    const answer = await client?.produce(topic, [String(value)])
    if (answer?.errorCode === 3 || answer?.errorCode === 6) {
      value-- // the broker has not heard of the topic yet, or is not shown for it
      continue
    }
    assert.equal(answer?.errorCode, 0)
    acknowledged.set(answer.baseOffset, String(value))
  }
  for (const client of clients) client.close()
  return acknowledged
}

/** `left`: those that only a sweep takes away, an hour later. */
async function untilPacked(left: readonly string[] = []): Promise<void> {
  await until(
    async () => (await stored('journal-')).every((name) => left.includes(name)),
    40_000,
    () => 'journal objects are not packed and gone',
  )
}

async function readAll(topic: string): Promise<Map<number, string>> {
  const client = await WireClient.open(fleet.brokers[1]?.bootstrap ?? '')
  let records: Awaited<ReturnType<typeof client.readAll>> | undefined
  await until(
    async () => {
      // For some seconds it says that another broker is shown for the partition.
      records = await client.readAll(topic).catch(() => undefined)
      return records !== undefined
    },
    15_000,
    () => `${topic} cannot be read`,
  )
  client.close()
  const isMarker = ({ value }: { readonly value: string }): boolean => value === '\0'.repeat(6)
  const plain = records?.filter((record) => !isMarker(record)) ?? []
  return new Map(plain.map(({ offset, value }) => [offset, value]))
}

interface Report {
  readonly partitions: readonly {
    readonly topic: string
    readonly knownEnd: number
    readonly recoveredEnd: number
    readonly logEnd: number
    readonly holes: readonly unknown[]
  }[]
  readonly topicsMade: readonly { readonly name: string }[]
  readonly undecided: readonly { readonly objectId: string; readonly batches: number }[]
}

/** One transaction; it stays open without an end. */
async function transact(id: string, value: string, end?: 'commit' | 'abort'): Promise<void> {
  const kafka = openKafkajs(fleet.bootstrap)
  const producer = kafka.producer({ transactionalId: id, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const transaction = await producer.transaction()
  const messages = [{ partition: 0, value }]
  await transaction.send({ topic: 'txn', messages })
  if (end !== undefined) await transaction[end]()
  await producer.disconnect()
}

const committed = async (): Promise<(string | null)[]> => {
  const settings = ['isolation.level=read_committed']
  return (await readToEnd(fleet.bootstrap, 'txn', settings)).map(({ value }) => value)
}

test('a lost catalog: what is recovered from the objects, and what is lost', async (t) => {
  const early = await write('t', 0, 20)
  await untilPacked()
  const tail = await write('t', 20, 24)
  await write('txn', 0, 1)
  await transact('a', 'before', 'commit')
  await transact('over', 'begun before')
  assert.equal((await karst('catalog', 'backup')).code, 0)

  const late = await write('t', 24, 50)
  const fresh = await write('made-later', 0, 10)
  await transact('b', 'after', 'commit')
  await transact('c', 'never', 'abort')
  await transact('d', 'open')
  await untilPacked()
  const last = await write('t', 50, 56)
  for (const broker of fleet.brokers) await broker.kill()
  await catalogSql('DROP SCHEMA karst CASCADE')

  const restored = await karst('catalog', 'restore', '--json')
  assert.equal(restored.code, 0, restored.err)
  const report = JSON.parse(restored.out) as Report
  t.diagnostic(JSON.stringify({ ...report, state: undefined }))
  const doctor = await karst('doctor', '--deep', '--json')
  const findings = (JSON.parse(doctor.out) as { findings: unknown[] }).findings
  assert.deepEqual(findings, [])

  for (const broker of fleet.brokers) await broker.restart()
  const [log] = report.partitions.filter(({ topic }) => topic === 't')
  assert.ok(log !== undefined)
  const found = await readAll('t')
  const expected = new Map([...early, ...tail, ...late, ...last])
  for (const [offset, value] of found) assert.equal(value, expected.get(offset), `at ${offset}`)
  const lost = [...expected.keys()].filter((offset) => !found.has(offset))
  t.diagnostic(`${found.size} of ${expected.size} acknowledged records, lost ${lost.join()}`)
  const undecided = report.undecided.reduce((sum, { batches }) => sum + batches, 0)
  assert.ok(lost.length <= undecided, 'no more than the last groups of brokers')
  for (const known of [early, tail, late]) {
    for (const offset of known.keys()) assert.ok(found.has(offset), `offset ${offset} is there`)
  }
  assert.deepEqual(
    report.topicsMade.map(({ name }) => name),
    ['made-later'],
  )
  assert.deepEqual(await readAll('made-later'), fresh)

  // To the end: the marker behind the gap leads even a reader that counts offsets over it.
  assert.deepEqual(await committed(), ['0', 'before', 'after'])
  await transact('d', 'anew', 'commit')
  assert.deepEqual(await committed(), ['0', 'before', 'after', 'anew'])

  const left = await stored('journal-')
  const again = await write('t', 100, 103)
  assert.ok(Math.min(...again.keys()) >= log.logEnd && log.logEnd > 2 ** 32)
  let whole = await readAll('t')
  await until(
    async () => (whole = await readAll('t')).size === found.size + again.size,
    5_000,
    () => `${whole.size} records, not ${found.size} and ${again.size}`,
  )
  await untilPacked(left)
  assert.deepEqual(await readAll('t'), whole, 'the same when it is packed')
  assert.equal((await karst('doctor', '--deep')).code, 0)
})

/** As when a standby that was behind takes over: all tables as they were, all sessions ended. */
const goBackSql = `
  DO $$ DECLARE t record; BEGIN
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'karst' LOOP
      EXECUTE format('DELETE FROM karst.%I', t.tablename);
      EXECUTE format('INSERT INTO karst.%I SELECT * FROM old.%I', t.tablename, t.tablename);
    END LOOP;
  END $$;
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'karst' AND pid <> pg_backend_pid()`

const keepSql = `
  CREATE SCHEMA old;
  DO $$ DECLARE t record; BEGIN
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'karst' LOOP
      EXECUTE format('CREATE TABLE old.%I AS TABLE karst.%I', t.tablename, t.tablename);
    END LOOP;
  END $$`

test('a catalog that goes back under running brokers is noticed, and rescued', async (t) => {
  const before = await write('back', 0, 10)
  await catalogSql(keepSql)
  const gone = await write('back', 10, 20)
  await catalogSql(goBackSql)
  await until(
    () => fleet.brokers.every(({ isRunning }) => !isRunning),
    30_000,
    () => 'brokers go on with a catalog that went back',
  )
  assert.ok(fleet.brokers.some(({ errors }) => errors.includes('gone back in time')))
  for (const broker of fleet.brokers) {
    await assert.rejects(broker.restart(), /run karst catalog rescue/)
  }
  const rescued = await karst('catalog', 'rescue', '--json')
  assert.equal(rescued.code, 0, rescued.err)
  const report = JSON.parse(rescued.out) as Report
  const again = await karst('catalog', 'rescue')
  assert.equal(again.code, 1)
  assert.match(again.err, /is not in rescue/)
  for (const broker of fleet.brokers) await broker.restart()
  const found = await readAll('back')
  const expected = new Map([...before, ...gone])
  for (const [offset, value] of found) assert.equal(value, expected.get(offset), `at ${offset}`)
  for (const offset of before.keys()) assert.ok(found.has(offset))
  const lost = [...gone.keys()].filter((offset) => !found.has(offset))
  t.diagnostic(`of ${gone.size} that the catalog forgot ${lost.length} are lost`)
  assert.ok(lost.length <= report.undecided.reduce((sum, { batches }) => sum + batches, 0))
  const { logEnd = 0 } = report.partitions.find(({ topic }) => topic === 'back') ?? {}
  const next = await write('back', 20, 22)
  assert.ok(Math.min(...next.keys()) >= logEnd, 'no offset is given twice')
  assert.equal((await karst('doctor', '--deep')).code, 0)
})

test('backups are made by the brokers, listed, and kept in number', async () => {
  const broker = await fleet.add([
    '--catalog-backup-interval-ms',
    '2000',
    '--catalog-backups-kept',
    '2',
  ])
  for (const other of fleet.brokers) if (other !== broker) await other.stop()
  const listed = async (): Promise<string[]> => {
    const { out, code } = await karst('catalog', 'backups', '--json')
    assert.equal(code, 0)
    return (JSON.parse(out) as { backupId: string }[]).map(({ backupId }) => backupId)
  }
  const first = await listed()
  await until(
    async () => {
      const now = await listed()
      return now.length === 2 && now.every((id) => !first.includes(id))
    },
    30_000,
    () => 'no two new backups',
  )
})
