/**
 * The drill of docs/runbooks/catalog-backup.md with the default flags: small groups travel inside
 * their commits, and what was not moved to objects is lost with the database. Exactly that.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { Fleet } from '../support/fleet.ts'
import { typed, type Typed } from '../support/karst-command.ts'
import { until } from '../support/until.ts'
import { WireClient } from '../e2e/wire-client.ts'

/** Written behind the last pack: what the runbook says is lost. */
const unpackedCount = 9

let fleet: Fleet

before(async () => {
  fleet = await Fleet.start({ brokers: 3 })
})
after(() => fleet.close())

function karst(...args: string[]): Promise<Typed> {
  const where = ['--storage', fleet.storageUrl, '--catalog', fleet.catalogUrl]
  return typed('', [...args, ...where], '', fleet.environment)
}

async function sql<Row extends object>(text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: fleet.catalogUrl })
  await client.connect()
  try {
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end()
  }
}

/** Acknowledged values by offset, through all brokers in turn, each a group of its own. */
async function write(topic: string, from: number, to: number): Promise<Map<number, string>> {
  const acknowledged = new Map<number, string>()
  const bootstraps = fleet.brokers.map(({ bootstrap }) => bootstrap)
  const clients = await Promise.all(bootstraps.map((each) => WireClient.open(each)))
  await clients[0]?.createTopic(topic)
  let turn = 0
  for (let value = from; value < to;) {
    const client = clients[turn++ % clients.length] as WireClient
    const { errorCode, baseOffset } = await client.produce(topic, [String(value)])
    const isElsewhere =
      errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER ||
      errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    if (isElsewhere) continue
    assert.equal(errorCode, ErrorCode.NONE)
    acknowledged.set(baseOffset, String(value++))
  }
  for (const client of clients) client.close()
  return acknowledged
}

/** Records that stand in the catalog alone. */
async function unpackedRecords(): Promise<number> {
  const [row] = await sql<{ count: string }>(
    'SELECT sum(log_end - packed_end) AS count FROM karst.partition',
  )
  return Number(row?.count)
}

async function untilPacked(): Promise<void> {
  let left = -1
  await until(
    async () => (left = await unpackedRecords()) === 0,
    60_000,
    () => `${left} records are not packed`,
  )
}

/** Without markers, which are control records. */
async function readAll(topic: string): Promise<Map<number, string>> {
  let found: Map<number, string> | undefined
  await until(
    async () => {
      const client = await WireClient.open(fleet.brokers[0]?.bootstrap ?? '')
      const records = await client.readAll(topic).catch(() => undefined)
      client.close()
      const plain = records?.filter(({ value }) => value !== '\0'.repeat(6))
      if (plain !== undefined) found = new Map(plain.map(({ offset, value }) => [offset, value]))
      return found !== undefined
    },
    15_000,
    () => `${topic} cannot be read`,
  )
  return found as Map<number, string>
}

test('of small groups exactly those are lost that were not moved to objects', async (t) => {
  const early = await write('t', 0, 20)
  await untilPacked()
  const tail = await write('t', 20, 24) // travels in the backup, as rows
  assert.equal((await karst('catalog', 'backup')).code, 0)
  const late = await write('t', 24, 50)
  await untilPacked()
  const last = await write('t', 50, 50 + unpackedCount)
  for (const broker of fleet.brokers) await broker.kill()
  assert.equal(await unpackedRecords(), unpackedCount, 'each is a small group of its own')
  await sql('DROP SCHEMA karst CASCADE')

  const restored = await karst('catalog', 'restore', '--json')
  assert.equal(restored.code, 0, restored.err)
  const report = JSON.parse(restored.out) as { undecided: unknown[] }
  assert.deepEqual(report.undecided, [], 'no object is left of which nothing is known')
  assert.equal((await karst('doctor', '--deep')).code, 0)
  for (const broker of fleet.brokers) await broker.restart()
  const found = await readAll('t')
  const kept = new Map([...early, ...tail, ...late])
  assert.deepEqual(found, kept)
  const lost = [...last.keys()].filter((offset) => !found.has(offset))
  assert.equal(lost.length, unpackedCount)
  t.diagnostic(
    `${found.size} of ${kept.size + last.size} are back; ${lost.length} small groups are lost`,
  )
  const again = await write('t', 100, 103)
  assert.ok(Math.min(...again.keys()) > Math.max(...last.keys()), 'no offset is given twice')
  assert.equal((await karst('doctor', '--deep')).code, 0)
})
