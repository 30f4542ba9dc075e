/** The doctor on the folder of one broker: while it runs, and after somebody was at the files. */
import assert from 'node:assert/strict'
import {
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { crc32c } from '../../src/base/crc32c.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { typed, type Typed } from '../support/karst-command.ts'
import { until } from '../support/until.ts'
import { WireClient } from './wire-client.ts'

const topic = 't'
/** A value that fills a journal file of the smallest size in a few batches. */
const large = 'x'.repeat(200_000)

interface Report {
  readonly counts: { readonly extents: number; readonly runs: number; readonly provenBytes: number }
  readonly findings: readonly {
    readonly kind: string
    readonly subject: string
    readonly affects: readonly { topic: string; partition: number; from: number; to: number }[]
  }[]
  readonly repaired?: { readonly orphans: number; readonly unnamed: number }
}

async function begin(t: TestContext, packMs = 100): Promise<BrokerProcess> {
  const dataFolder = mkdtempSync(path.join(tmpdir(), 'karst-doctor-'))
  t.after(() => rmSync(dataFolder, { recursive: true, force: true }))
  const flags = ['--pack-window-ms', String(packMs), '--journal-file-bytes', '1048576']
  flags.push('--journal-group-bytes', '65536', '--message-max-bytes', '1000000')
  const broker = await BrokerProcess.start({ dataFolder, flags })
  t.after(() => broker.kill())
  return broker
}

const doctor = (folder: string, ...flags: string[]): Promise<Typed> =>
  typed('', ['doctor', '--data', folder, ...flags])

async function report(folder: string, ...flags: string[]): Promise<[number | null, Report]> {
  const { code, out, err } = await doctor(folder, '--json', ...flags)
  assert.notEqual(code, 2, err)
  return [code, JSON.parse(out) as Report]
}

/** Records in packed objects and in the journal, too. */
async function write(broker: BrokerProcess): Promise<void> {
  const client = await WireClient.open(broker.bootstrap)
  await client.createTopic(topic)
  for (let batch = 0; batch < 12; batch++) await client.produce(topic, [large])
  await until(
    async () => (await packedFiles(broker.dataFolder)).length > 0,
    10_000,
    () => 'nothing is packed',
  )
  for (let batch = 0; batch < 3; batch++) await client.produce(topic, ['small'])
  client.close()
}

async function packedFiles(folder: string): Promise<string[]> {
  const names = await readdir(path.join(folder, 'objects'), { recursive: true }).catch(
    () => [], // nothing was ever packed
  )
  return names
    .filter((name) => /~packed-\d{16}$/.test(name))
    .map((name) => path.join(folder, 'objects', name))
}

test('a broker that runs is looked over, and one that stopped', async (t) => {
  const broker = await begin(t)
  await write(broker)
  const [code, { findings, counts }] = await report(broker.dataFolder, '--deep')
  assert.deepEqual(findings, [])
  assert.equal(code, 0)
  assert.ok(counts.extents > 0)
  assert.ok(counts.provenBytes >= 12 * large.length)
  const refused = await doctor(broker.dataFolder, '--repair')
  assert.equal(refused.code, 2)
  assert.match(refused.err, /in use by another process/)
  await broker.stop()
  const { code: after, out } = await doctor(broker.dataFolder, '--repair')
  assert.equal(after, 0, out)
  assert.match(out, /^clean: /m)
})

test('what was cut, changed, taken away and left over is found, and only that', async (t) => {
  const broker = await begin(t)
  await write(broker)
  await broker.stop()
  const [object] = await packedFiles(broker.dataFolder)
  assert.ok(object !== undefined)

  const file = await open(object, 'r+')
  await file.write(Buffer.from('!'), 0, 1, 1_000)
  await file.close()
  const id = object.split('~').at(-1)
  assert.equal((await report(broker.dataFolder))[0], 0, 'no list tells of a changed byte')
  const [code, damaged] = await report(broker.dataFolder, '--deep')
  assert.equal(code, 1)
  assert.deepEqual(
    damaged.findings.map(({ kind, subject }) => [kind, subject]),
    [['damaged', id]],
  )
  const [range] = damaged.findings[0]?.affects ?? []
  assert.ok(range !== undefined && range.topic === topic && range.from < range.to)

  await truncate(object, 5_000)
  const cut = (await report(broker.dataFolder))[1]
  assert.deepEqual(
    cut.findings.map(({ kind }) => kind),
    ['wrong-size'],
  )
  const away = `${object}.away`
  await rename(object, away)
  const gone = (await report(broker.dataFolder, '--deep'))[1]
  assert.deepEqual(
    gone.findings.map(({ kind, subject }) => [kind, subject]),
    [['missing-object', id]],
  )
  assert.ok((gone.findings[0]?.affects.length ?? 0) > 0, 'it says which offsets')
})

test('an orphan is deleted once it is old, and never what is named', async (t) => {
  const broker = await begin(t)
  await write(broker)
  await broker.stop()
  const [object] = await packedFiles(broker.dataFolder)
  assert.ok(object !== undefined)
  // The next number was drawn, and nothing came of it: as when a broker dies while it packs.
  const catalog = new DatabaseSync(path.join(broker.dataFolder, 'catalog.sqlite'))
  catalog.exec(`UPDATE counter SET next = next + 1 WHERE name = 'object.id'`)
  const number = catalog.prepare(`SELECT next FROM counter WHERE name = 'object.id'`).get()
  catalog.close()
  const id = `packed-${String(Number(number?.['next']) - 1).padStart(16, '0')}`
  const key = `${path.basename(object).split('~')[0]}/${id}`
  const shard = (crc32c(Buffer.from(key)) % 256).toString(16).padStart(2, '0')
  const folder = path.join(broker.dataFolder, 'objects', shard)
  await mkdir(folder, { recursive: true })
  const orphan = path.join(folder, key.replace('/', '~'))
  await writeFile(orphan, 'bytes of nobody')
  assert.equal((await report(broker.dataFolder))[0], 0, 'too young to judge')
  const old = new Date(Date.now() - 60 * 60_000)
  await utimes(orphan, old, old)
  const [code, { findings }] = await report(broker.dataFolder)
  assert.equal(code, 1)
  assert.deepEqual(
    findings.map(({ kind, subject }) => [kind, subject]),
    [['orphan', id]],
  )
  const [repairedCode, after] = await report(broker.dataFolder, '--repair')
  assert.equal(repairedCode, 0)
  assert.equal(after.repaired?.orphans, 1)
  await assert.rejects(stat(orphan), /ENOENT/)
  assert.ok((await stat(object)).size > 0)
  assert.equal((await report(broker.dataFolder, '--deep'))[0], 0)
})

test('a journal file that is gone is told with the offsets that were in it', async (t) => {
  const broker = await begin(t, 60_000)
  const client = await WireClient.open(broker.bootstrap)
  await client.createTopic(topic)
  await client.produce(topic, ['one', 'two'])
  client.close()
  await broker.stop()
  assert.equal((await report(broker.dataFolder, '--deep'))[1].counts.runs, 1)
  await rm(path.join(broker.dataFolder, 'journal'), { recursive: true })
  const [code, { findings }] = await report(broker.dataFolder)
  assert.equal(code, 1)
  const affects = findings.flatMap((finding) => (finding.kind === 'damaged' ? finding.affects : []))
  assert.deepEqual(affects, [{ topic, partition: 0, from: 0, to: 2 }])
})

test('what is no data folder is not made one', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'karst-doctor-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const { code, err } = await doctor(folder)
  assert.equal(code, 2)
  assert.match(err, /is no data folder of a broker/)
  assert.deepEqual(await readdir(folder), [])
  await writeFile(path.join(folder, 'catalog.sqlite'), 'something else')
  const other = await doctor(folder)
  assert.equal(other.code, 2, other.err)
  assert.match(other.err, /catalog/)
})
