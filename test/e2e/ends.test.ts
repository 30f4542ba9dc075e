import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { BrokerProcess, checkout, nodeProgram } from '../support/broker-process.ts'
import { Program } from '../support/program.ts'
import { until } from '../support/until.ts'
import { WireClient } from './wire-client.ts'

const topic = 't'
const writers = 4

async function start(t: TestContext): Promise<BrokerProcess> {
  const broker = await BrokerProcess.start()
  t.after(async () => {
    await broker.kill()
    rmSync(broker.dataFolder, { recursive: true, force: true })
  })
  const client = await WireClient.open(broker.bootstrap)
  await client.createTopic(topic)
  client.close()
  return broker
}

/** What was acknowledged, and every answer that was neither that nor the end of a connection. */
interface Books {
  readonly acknowledged: Map<number, string>
  readonly refused: string[]
}

/** Writes, one batch after another on each connection, until the connections end. */
async function writeUntilGone(bootstrap: string, books: Books): Promise<void> {
  const writeOn = async (name: number): Promise<void> => {
    const client = await WireClient.open(bootstrap)
    for (let number = 0; ; number++) {
      const value = `${name}.${number}.${'x'.repeat(number % 5_000)}`
      try {
        const { errorCode, baseOffset } = await client.produce(topic, [value])
        if (errorCode !== ErrorCode.NONE) books.refused.push(String(errorCode))
        else if (books.acknowledged.has(baseOffset)) books.refused.push(`twice ${baseOffset}`)
        else books.acknowledged.set(baseOffset, value)
      } catch (error) {
        if (!client.isOpen) return
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: writers }, (_, name) => writeOn(name)))
}

/** Every acknowledged record is there, offsets without a hole. */
async function assertKept(broker: BrokerProcess, { acknowledged }: Books): Promise<void> {
  const client = await WireClient.open(broker.bootstrap)
  const records = await client.readAll(topic)
  client.close()
  assert.deepEqual(
    records.map(({ offset }) => offset),
    records.map((_, index) => index),
  )
  const wrong = [...acknowledged].filter(([offset, value]) => records[offset]?.value !== value)
  assert.deepEqual(
    wrong.map(([offset]) => offset),
    [],
  )
}

test('kill -9 in mid-write, three times: nothing acknowledged is lost', async (t) => {
  const broker = await start(t)
  const books: Books = { acknowledged: new Map(), refused: [] }
  for (let round = 0; round < 3; round++) {
    const before = books.acknowledged.size
    const writing = writeUntilGone(broker.bootstrap, books)
    await sleep(150 + 100 * round)
    await broker.kill()
    await writing
    assert.ok(books.acknowledged.size > before, 'something was written in every round')
    await broker.restart()
    await assertKept(broker, books)
  }
  assert.deepEqual(books.refused, [])
  t.diagnostic(`${books.acknowledged.size} acknowledged`)
})

test('SIGTERM under load: a clean end within seconds, every answer true', async (t) => {
  const broker = await start(t)
  const books: Books = { acknowledged: new Map(), refused: [] }
  const writing = writeUntilGone(broker.bootstrap, books)
  await until(
    () => books.acknowledged.size > 200,
    10_000,
    () => 'nothing is acknowledged',
  )
  const begun = performance.now()
  await broker.stop()
  const ms = Math.round(performance.now() - begun)
  await writing
  t.diagnostic(`${books.acknowledged.size} acknowledged, stopped in ${ms} ms`)
  assert.ok(ms < 5_000, `${ms} ms`)
  assert.deepEqual(books.refused, [])
  assert.match(broker.errors, /"isClean":true/)
  await broker.restart()
  await assertKept(broker, books)
})

test('five seconds without a processor: the same connections go on', async (t) => {
  const broker = await start(t)
  const books: Books = { acknowledged: new Map(), refused: [] }
  const writing = writeUntilGone(broker.bootstrap, books)
  await until(
    () => books.acknowledged.size > 100,
    10_000,
    () => 'nothing is acknowledged',
  )
  process.kill(broker.pid, 'SIGSTOP')
  await sleep(5_000)
  const before = books.acknowledged.size
  process.kill(broker.pid, 'SIGCONT')
  await until(
    () => books.acknowledged.size > before + 100,
    5_000,
    () => 'nothing after SIGCONT',
  )
  assert.deepEqual(books.refused, [])
  await broker.kill()
  await writing
  await broker.restart()
  await assertKept(broker, books)
})

const defects = {
  'an exception that nobody expects': `setTimeout(() => { throw new Error('a defect') }, 300)`,
  'a rejection that nobody handles': `setTimeout(() => Promise.reject(new Error('a defect')), 300)`,
}

for (const [name, code] of Object.entries(defects)) {
  test(`${name} ends the process with its reason, and the folder opens again`, async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'karst-defect-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const listen = ['kafka', 'http', 'otlp-http', 'registry'].map((flag) => `--${flag}=127.0.0.1:0`)
    const preload = `--import=data:text/javascript,${encodeURIComponent(code)}`
    const main = path.join(checkout, 'src/main.ts')
    const args = [preload, main, 'up', '--data', folder, ...listen]
    const program = new Program('karst', nodeProgram, args, { timeoutMs: 10_000 })
    const { code: exitCode, timedOut } = await program.exited
    assert.deepEqual({ exitCode, timedOut }, { exitCode: 1, timedOut: false })
    assert.match(program.errors, /a defect/)
    assert.match(program.errors, /^\s+at /m, 'with its stack: somebody must find the place')
    const broker = await BrokerProcess.start({ dataFolder: folder })
    await broker.stop()
  })
}

test('a reader of the ready line that goes away does not end the broker', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'karst-pipe-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const { spawn } = await import('node:child_process')
  const listen = ['kafka', 'http', 'otlp-http', 'registry'].map((flag) => `--${flag}=127.0.0.1:0`)
  const args = [path.join(checkout, 'src/main.ts'), 'up', '--data', folder, ...listen]
  const child = spawn(nodeProgram, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  const [line] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [Buffer]
  const kafka = / kafka=(\S+)/.exec(line.toString())?.[1] ?? ''
  child.stdout.destroy()
  child.stderr.destroy() // its log goes nowhere from now on, and it must log to notice
  const client = await WireClient.open(kafka)
  assert.equal(await client.createTopic(topic), ErrorCode.NONE)
  const garbage = await WireClient.open(kafka)
  garbage.sendRaw(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
  await garbage.closed
  assert.equal((await client.produce(topic, ['still here'])).errorCode, ErrorCode.NONE)
  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [0, null])
})
