/**
 * The doctor beside a fleet over a real bucket and a real database: brokers run, somebody was at
 * the bucket, the URLs are wrong.
 */
import assert from 'node:assert/strict'
import { open, readdir, rename, truncate, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Fleet } from '../support/fleet.ts'
import { typed, type Typed } from '../support/karst-command.ts'
import { until } from '../support/until.ts'
import { WireClient } from '../e2e/wire-client.ts'

const topic = 't'
/** NOT_LEADER_OR_FOLLOWER. */
const notLeader = 6
let fleet: Fleet

before(async () => {
  // Packed on demand: by size, when a test writes enough.
  const flags = ['--pack-window-ms', '1000', '--object-grace-ms', '1000']
  fleet = await Fleet.start({ brokers: 2, flags })
})
after(() => fleet.close())

const doctor = (
  flags: readonly string[] = [],
  storage: string = fleet.storageUrl,
  catalog: string = fleet.catalogUrl,
  env: Record<string, string> = fleet.environment,
): Promise<Typed> =>
  typed('', ['doctor', '--storage', storage, '--catalog', catalog, ...flags], '', env)

interface Report {
  readonly counts: Record<string, number>
  readonly findings: readonly {
    readonly kind: string
    readonly subject: string
    readonly affects: readonly { topic: string; partition: number; from: number; to: number }[]
  }[]
  readonly repaired?: { readonly orphans: number }
}

async function report(...flags: string[]): Promise<[number | null, Report]> {
  const { code, out, err } = await doctor(['--json', ...flags])
  assert.notEqual(code, 2, err)
  return [code, JSON.parse(out) as Report]
}

const kindsOf = ({ findings }: Report): [string, string][] =>
  findings.map(({ kind, subject }) => [kind, subject])

/** The cluster's folder in the bucket: the server keeps objects as files. */
async function stored(): Promise<{ folder: string; names: string[] }> {
  const prefix = path.join(fleet.s3.dataFolder, 'buckets', 'karst', 'fleet')
  const [clusterId] = (await readdir(prefix)).filter((name) => name !== 'karst-cluster')
  const folder = path.join(prefix, clusterId ?? '')
  return { folder, names: await readdir(folder) }
}

async function write(from: number, to: number): Promise<void> {
  const client = await WireClient.open(fleet.brokers[0]?.bootstrap ?? '')
  await client.createTopic(topic)
  for (let value = from; value < to; value++) {
    const { errorCode } = await client.produce(topic, [String(value)])
    if (errorCode === notLeader) {
      value-- // for some seconds it says that the other broker is shown for the partition
      await sleep(100)
    } else assert.equal(errorCode, 0)
  }
  client.close()
}

async function packed(): Promise<string[]> {
  return (await stored()).names.filter((name) => name.startsWith('packed-'))
}

test('a fleet under way is found whole, to the last byte', async () => {
  await write(0, 5)
  await until(
    async () => (await packed()).length > 0,
    20_000,
    () => 'nothing is packed',
  )
  await write(5, 7)
  const [code, found] = await report('--deep')
  assert.deepEqual(kindsOf(found), [])
  assert.equal(code, 0)
  assert.ok((found.counts['extents'] ?? 0) > 0 && (found.counts['provenBytes'] ?? 0) > 0)
})

test('an object that was changed, cut, and taken away is named with its offsets', async () => {
  const { folder } = await stored()
  const [name] = await packed()
  assert.ok(name !== undefined)
  const object = path.join(folder, name)
  const file = await open(object, 'r+')
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, 150)
  await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, 150)
  const changed = await report('--deep')
  assert.deepEqual(kindsOf(changed[1]), [['damaged', name]])
  assert.equal(changed[1].findings[0]?.affects[0]?.topic, topic)
  await file.write(byte, 0, 1, 150)
  const { size } = await file.stat()
  await file.truncate(size - 10)
  assert.deepEqual(kindsOf((await report())[1]), [['wrong-size', name]])
  await file.close()
  await rename(object, `${fleet.s3.dataFolder}/away`)
  const [code, gone] = await report('--deep')
  assert.equal(code, 1)
  assert.deepEqual(kindsOf(gone), [['missing-object', name]])
  const [range] = gone.findings[0]?.affects ?? []
  assert.equal(range?.topic, topic)
  const told = await doctor()
  assert.match(told.out, /loss: missing-object \(1\)/)
  assert.match(told.out, new RegExp(`offsets ${range?.from} to \\d+ of ${topic}-0`))
  await rename(`${fleet.s3.dataFolder}/away`, object)
  await truncate(object, size)
})

test('bytes of nobody are an orphan when they are old, and a repair deletes them', async () => {
  const { folder, names } = await stored()
  const before = names.filter((name) => name.startsWith('packed-'))
  // A group of a broker of this catalog that never came to its commit.
  const orphan = path.join(folder, 'journal-0-999999')
  await writeFile(orphan, 'bytes of nobody')
  await writeFile(path.join(folder, 'notes.txt'), 'somebody’s notes')
  const [, young] = await report()
  assert.ok(!kindsOf(young).some(([kind]) => kind === 'orphan'))
  const old = new Date(Date.now() - 3_600_000)
  await utimes(orphan, old, old)
  await utimes(path.join(folder, 'notes.txt'), old, old)
  const [code, found] = await report('--repair')
  assert.equal(code, 1, 'somebody’s notes are left')
  assert.deepEqual(
    kindsOf(found).map(([kind]) => kind),
    ['orphan', 'unknown-key'],
  )
  assert.equal(found.repaired?.orphans, 1)
  const left = (await stored()).names
  assert.ok(!left.includes('journal-0-999999'))
  assert.ok(before.every((name) => left.includes(name)) && left.includes('notes.txt'))
})

test('objects of a later catalog are never taken for orphans', async () => {
  const { folder } = await stored()
  const later = path.join(folder, 'journal-77-1')
  await writeFile(later, 'the only copy, perhaps')
  const old = new Date(Date.now() - 3_600_000)
  await utimes(later, old, old)
  const { code, out, err } = await doctor(['--repair'])
  assert.equal(code, 1, err)
  assert.match(out, /danger: newer \(1\)/)
  assert.match(out, /karst catalog rescue/)
  assert.ok((await stored()).names.includes('journal-77-1'))
})

test('wrong places are told before anything is found', async () => {
  const endpoint = encodeURIComponent(fleet.s3.endpoint)
  const elsewhere = await doctor([], `s3://karst/elsewhere?endpoint=${endpoint}`)
  assert.equal(elsewhere.code, 1)
  assert.match(elsewhere.out, /danger: no-marker/)
  const none = await doctor([], `s3://no-such-bucket/x?endpoint=${endpoint}`)
  assert.equal(none.code, 2)
  assert.match(none.err, /no-such-bucket/)
  const schema = await doctor([], fleet.storageUrl, fleet.postgres.url('schema=other'))
  assert.equal(schema.code, 2)
  assert.match(schema.err, /holds no Karst catalog/)
  const { accessKey } = fleet.s3.root
  const stranger = { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: 'not the secret' }
  const refused = await doctor([], fleet.storageUrl, fleet.catalogUrl, stranger)
  assert.equal(refused.code, 2)
  assert.match(refused.err, /SignatureDoesNotMatch|credentials/)
})
