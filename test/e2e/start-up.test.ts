import assert from 'node:assert/strict'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { crc32c } from '../../src/base/crc32c.ts'
import { BrokerProcess, checkout, nodeProgram } from '../support/broker-process.ts'
import { type Exit, Program } from '../support/program.ts'
import { SmallDisk } from '../support/small-disk.ts'
import { WireClient } from './wire-client.ts'

const timeoutMs = 15_000
const launcher = path.join(checkout, 'bin/karst')
/** Any free ports, but for what is said. */
const listen = (said: Readonly<Record<string, string>> = {}): string[] =>
  ['kafka', 'http', 'otlp-http', 'registry'].map(
    (flag) => `--${flag}=${said[flag] ?? '127.0.0.1:0'}`,
  )
const anyPort = listen()

function folder(t: TestContext): string {
  const made = mkdtempSync(path.join(tmpdir(), 'karst-start-'))
  t.after(() => rmSync(made, { recursive: true, force: true }))
  return made
}

interface Ended {
  readonly exit: Exit
  readonly stdout: string
  readonly stderr: string
}

/** `karst …` to its end. */
async function karst(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const program = new Program('karst', process.execPath, [launcher, ...args], { env, timeoutMs })
  const exit = await program.exited
  return { exit, stdout: program.lines.join('\n'), stderr: program.errors }
}

/** One message for people, the last line of standard error; nothing was ready. */
function assertRefused(ended: Ended, code: number, message: RegExp): void {
  assert.equal(ended.exit.code, code, ended.stderr)
  assert.match(ended.stderr, message)
  assert.doesNotMatch(ended.stderr, /^\s+at /m, 'a message, not a stack')
  assert.equal(ended.stdout, '')
}

for (const flag of ['kafka', 'http', 'otlp-http', 'registry']) {
  test(`the port of --${flag} is in use`, async (t) => {
    const data = folder(t)
    const holder = createServer().listen(0, '127.0.0.1')
    t.after(() => holder.close())
    await once(holder, 'listening')
    const address = holder.address()
    assert.ok(typeof address === 'object' && address !== null)
    const taken = `127.0.0.1:${address.port}`
    const ended = await karst(['up', '--data', data, ...listen({ [flag]: taken })])
    assertRefused(ended, 1, new RegExp(`^karst up: .*${taken}.* is in use by another process`, 'm'))
    assert.match(ended.stderr, new RegExp(`--${flag}`), 'it says what to change')

    const broker = await BrokerProcess.start({ dataFolder: data })
    await broker.stop()
  })
}

test('a host that is not of this machine', async (t) => {
  const ended = await karst(['up', '--data', folder(t), ...listen({ kafka: '192.0.2.1:0' })])
  assertRefused(ended, 1, /^karst up: .*192\.0\.2\.1/m)
})

test('the data folder is in use by another process, which goes on', async (t) => {
  const data = folder(t)
  const broker = await BrokerProcess.start({ dataFolder: data })
  t.after(() => broker.kill())
  const ended = await karst(['up', '--data', data, ...anyPort])
  assertRefused(ended, 1, /^karst up: data folder .* is in use by another process: stop it, or/m)
  const client = await WireClient.open(broker.bootstrap)
  assert.equal(await client.createTopic('t'), 0)
  assert.equal((await client.produce('t', ['still here'])).errorCode, 0)
  await broker.stop()
})

test('the catalog was written by a newer release', async (t) => {
  const data = folder(t)
  await (await BrokerProcess.start({ dataFolder: data })).stop()
  const file = path.join(data, 'catalog.sqlite')
  const database = new DatabaseSync(file)
  const level = database.prepare('PRAGMA user_version').get() as { user_version: number }
  database.exec('PRAGMA user_version = 999')
  database.close()
  const ended = await karst(['up', '--data', data, ...anyPort])
  assertRefused(ended, 1, /catalog\.sqlite has schema level 999, and this release knows levels up/)

  const again = new DatabaseSync(file)
  again.exec(`PRAGMA user_version = ${level.user_version}`)
  again.close()
  await (await BrokerProcess.start({ dataFolder: data })).stop()
})

test('the catalog is no database at all, or not ours', async (t) => {
  const [noise, foreign] = [folder(t), folder(t)]
  writeFileSync(path.join(noise, 'catalog.sqlite'), 'hello '.repeat(1_000))
  assertRefused(
    await karst(['up', '--data', noise, ...anyPort]),
    1,
    /catalog\.sqlite: file is not a database/,
  )
  const database = new DatabaseSync(path.join(foreign, 'catalog.sqlite'))
  database.exec('CREATE TABLE shopping (item TEXT)')
  database.close()
  assertRefused(
    await karst(['up', '--data', foreign, ...anyPort]),
    1,
    /catalog\.sqlite is an SQLite database, but not a Karst catalog/,
  )
})

/** A folder whose journal holds one group; `change` is given the bytes of its header. */
async function withJournalHeader(t: TestContext, change: (header: Buffer) => void) {
  const data = folder(t)
  const broker = await BrokerProcess.start({ dataFolder: data })
  const client = await WireClient.open(broker.bootstrap)
  await client.createTopic('t')
  assert.equal((await client.produce('t', ['one'])).errorCode, 0)
  await broker.kill()
  const names = readdirSync(path.join(data, 'journal'))
  const header = Buffer.alloc(84 + 28) // of a group with one run
  for (const name of names) {
    const fd = openSync(path.join(data, 'journal', name), 'r+')
    readSync(fd, header, 0, header.length, 0)
    if (header.readUInt32BE(0) === 0x4b4a4731) {
      change(header)
      header.writeUInt32BE(0, 80)
      header.writeUInt32BE(crc32c(header), 80)
      writeSync(fd, header, 0, header.length, 0)
    }
    closeSync(fd)
  }
  return data
}

test('the journal was written by a newer release', async (t) => {
  const data = await withJournalHeader(t, (header) => header.writeUInt32BE(99, 4))
  const ended = await karst(['up', '--data', data, ...anyPort])
  assertRefused(ended, 1, /\.journal was written by a later release: start that one/)
})

test('the data folder is a file, or lies under one', async (t) => {
  const parent = folder(t)
  const file = path.join(parent, 'file')
  writeFileSync(file, '')
  for (const data of [file, path.join(file, 'below')]) {
    const ended = await karst(['up', '--data', data, ...anyPort])
    assertRefused(
      ended,
      1,
      new RegExp(`^karst up: cannot make folder ${data}: (EEXIST|ENOTDIR)`, 'm'),
    )
  }
})

test('the data folder may not be written', async (t) => {
  const disk = await SmallDisk.mount(16 * 1024 * 1024)
  t.after(() => disk.close())
  mkdirSync(disk.seen)
  await disk.remount('ro')
  for (const data of [disk.folder, `${disk.folder}/new`]) {
    const [command = '', ...through] = disk.through
    const args = [...through, nodeProgram, launcher, 'up', '--data', data, ...anyPort]
    const program = new Program('karst', command, args, { timeoutMs })
    const exit = await program.exited
    const ended = { exit, stdout: program.lines.join('\n'), stderr: program.errors }
    assertRefused(
      ended,
      1,
      new RegExp(`^karst up: .*${data}.*(EROFS|may this process write there)`, 'm'),
    )
    t.diagnostic(program.errors.trim())
  }
})

test('a configuration that cannot be read: which key, where, what is allowed', async (t) => {
  const parent = folder(t)
  const file = path.join(parent, 'karst.properties')
  writeFileSync(file, '# ours\nnum.partitions=four\nnum.partitons=4\njournal.file.bytes=1\n')
  const ended = await karst(['up', '--data', path.join(parent, 'data'), '--config', file])
  assertRefused(ended, 2, /num\.partitions \(.*karst\.properties:2\): "four" .*from 1 to 10000/)
  assert.match(ended.stderr, /num\.partitons \(.*:3\): there is no such option.*num\.partitions/)
  assert.match(ended.stderr, /journal\.file\.bytes \(.*karst\.properties:4\): .*from 1048576/)

  const missing = await karst(['up', '--config', path.join(parent, 'none')])
  assertRefused(missing, 1, /cannot read .*none: ENOENT/)
  mkdirSync(path.join(parent, 'a-folder'))
  const notText = await karst(['up', '--config', path.join(parent, 'a-folder')])
  assertRefused(notText, 1, /cannot read .*a-folder: EISDIR/)

  const variable = await karst(['up'], { KARST_NUM_PARTITIONS: '0' })
  assertRefused(variable, 2, /num\.partitions \(KARST_NUM_PARTITIONS\): "0" .*from 1 to 10000/)
  const flagged = await karst(['up', '--kafka', 'nowhere'])
  assertRefused(flagged, 2, /kafka\.listen \(--kafka\): "nowhere" .*HOST:PORT/)
  assert.deepEqual(readdirSync(parent).toSorted(), ['a-folder', 'karst.properties'], 'nothing made')
})

test('karst config tells values and where each is from', async (t) => {
  const file = path.join(folder(t), 'karst.properties')
  writeFileSync(file, 'num.partitions=8\nnode.id=7\n')
  const names = ['num.partitions', 'node.id', 'kafka.listen', 'data.dir']
  const { exit, stdout } = await karst(
    ['config', ...names, '--json', '--config', file, '--kafka', '127.0.0.1:0'],
    { KARST_NODE_ID: '9' },
  )
  assert.equal(exit.code, 0)
  const told = JSON.parse(stdout) as Record<string, { value: unknown; where: string }>
  const rows = Object.entries(told).map(([name, { value, where }]) => [name, value, where])
  assert.deepEqual(rows, [
    ['num.partitions', 8, `${file}:1`],
    ['node.id', 9, 'KARST_NODE_ID'],
    ['kafka.listen', '127.0.0.1:0', '--kafka'],
    ['data.dir', './karst-data', 'default'],
  ])
})

test('two brokers on any free ports; each says where, and stops on its signal', async (t) => {
  const names = ['kafka', 'http', 'otlp', 'registry']
  const places = names.map((name) => `${name}=127\\.0\\.0\\.1:\\d{2,5}`)
  const ready = new RegExp(`^ready ${places.join(' ')}$`)
  const start = (data: string): Program =>
    new Program('karst', process.execPath, [launcher, 'up', '--data', data, ...anyPort], {
      timeoutMs: 60_000,
    })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const brokers = [start(folder(t)), start(folder(t))]
    for (const broker of brokers) {
      assert.match(await broker.line(() => true, timeoutMs), ready)
      broker.signal(signal)
      const { code, timedOut } = await broker.exited
      assert.deepEqual({ code, timedOut }, { code: 0, timedOut: false }, broker.errors)
      assert.equal(broker.lines.length, 1, 'standard output holds the ready line alone')
    }
  }
})
