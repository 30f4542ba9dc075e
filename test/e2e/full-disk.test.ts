import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { until } from '../support/until.ts'
import { SmallDisk } from '../support/small-disk.ts'
import { WireClient } from './wire-client.ts'

const mebibyte = 1024 * 1024
const topic = 't'
/** A journal of 4 MiB files, on a disk that holds some of them. */
const small = {
  'journal.file.bytes': 4 * mebibyte,
  'journal.group.bytes': mebibyte,
  'disk.reserve.bytes': 8 * mebibyte,
  'disk.free.min.bytes': 4 * mebibyte,
}
const flags = Object.entries(small).flatMap(([name, value]) => [
  `--${name.replaceAll('.', '-')}`,
  String(value),
])

async function setup(t: TestContext, type: 'tmpfs' | 'ext4' = 'tmpfs') {
  const disk = await SmallDisk.mount(64 * mebibyte, type)
  t.after(() => disk.close())
  const { folder: dataFolder, through } = disk
  const broker = await BrokerProcess.start({ dataFolder, through, flags })
  t.after(() => broker.kill())
  const client = await WireClient.open(broker.bootstrap)
  assert.equal(await client.createTopic(topic), ErrorCode.NONE)
  return { disk, broker, client }
}

/** Writes until it is refused, for longer than a moment; resolves with what was acknowledged. */
async function writeUntilRefused(
  client: WireClient,
  acknowledged: Map<number, string>,
  padBytes = 200_000,
): Promise<{ errorCode: number; errorMessage: string | null }> {
  const pad = 'x'.repeat(padBytes)
  for (let number = 0; number < 2_000; number++) {
    const value = `${acknowledged.size}.${pad}`
    const { errorCode, errorMessage, baseOffset } = await client.produce(topic, [value])
    if (errorCode !== ErrorCode.NONE) return { errorCode, errorMessage }
    assert.equal(acknowledged.has(baseOffset), false, 'an offset is given once')
    acknowledged.set(baseOffset, value)
  }
  return assert.fail('the disk never filled up')
}

async function assertAllThere(client: WireClient, acknowledged: Map<number, string>) {
  const read = new Map((await client.readAll(topic)).map(({ offset, value }) => [offset, value]))
  const lost = [...acknowledged].filter(([offset, value]) => read.get(offset) !== value)
  assert.deepEqual(
    lost.map(([offset]) => offset),
    [],
  )
}

const readyz = async (broker: BrokerProcess): Promise<string> => {
  const response = await fetch(`http://${broker.addresses.http}/readyz`)
  return `${response.status} ${await response.text()}`
}

async function writesAgain(client: WireClient, acknowledged: Map<number, string>): Promise<void> {
  const attempt = async (): Promise<boolean> => {
    const { errorCode, baseOffset } = await client.produce(topic, ['again'])
    if (errorCode === ErrorCode.NONE) acknowledged.set(baseOffset, 'again')
    return errorCode === ErrorCode.NONE
  }
  await until(attempt, 5_000, () => 'writes are still refused although there is space')
}

test('the journal fills the disk: writes are refused, reads go on, space heals', async (t) => {
  const { disk, broker, client } = await setup(t)
  assert.equal(await readyz(broker), '200 ready\n')
  await disk.fill(12 * mebibyte)
  const acknowledged = new Map<number, string>()
  const refusal = await writeUntilRefused(client, acknowledged)
  t.diagnostic(`${acknowledged.size} acknowledged, then: ${refusal.errorMessage}`)
  assert.equal(refusal.errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  assert.match(refusal.errorMessage ?? '', /space|full/)
  await assertAllThere(client, acknowledged)
  assert.match(await readyz(broker), /^200 ready, degraded: the disk of .* is full/)

  const other = await WireClient.open(broker.bootstrap)
  assert.equal(await other.createTopic('made-while-full'), ErrorCode.NONE)
  await assertAllThere(other, acknowledged)

  await disk.clear()
  await writesAgain(client, acknowledged)
  assert.equal(await readyz(broker), '200 ready\n')
  await assertAllThere(client, acknowledged)
  assert.equal(broker.errors.match(/the disk is full/g)?.length, 1, broker.errors)
  assert.equal(broker.errors.match(/has space again/g)?.length, 1, broker.errors)
  await broker.stop()
})

test('not a byte is left: the catalog lives on its reserve; kill -9, start, space', async (t) => {
  const { disk, broker, client } = await setup(t)
  const acknowledged = new Map<number, string>()
  // Into the second file, which was filled ahead: the journal has room when the catalog has none.
  for (let number = 0; number < 30; number++) {
    const value = `${number}.${'x'.repeat(200_000)}`
    const { baseOffset } = await client.produce(topic, [value])
    acknowledged.set(baseOffset, value)
  }
  await sleep(2_000) // spare files and reserve are taken in the background
  await disk.fill()
  const refusal = await writeUntilRefused(client, acknowledged, 10)
  assert.match(broker.errors, /"why":"catalog .*SQLite 13/)
  t.diagnostic(`${acknowledged.size} acknowledged, then: ${refusal.errorMessage}`)
  assert.equal(refusal.errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  await assertAllThere(client, acknowledged)

  // What the reserve gave back is enough to start again.
  await broker.kill()
  await broker.restart()
  await assertAllThere(await WireClient.open(broker.bootstrap), acknowledged)
  assert.match(await readyz(broker), /^200 ready, degraded: the disk of .* is full/)

  // Now the reserve is used up as well: nothing can be opened, and nothing is broken by trying.
  await broker.kill()
  await disk.fill()
  await assert.rejects(broker.restart(), /disk is full|no space|ENOSPC/i)
  assert.doesNotMatch(broker.errors, /^\s+at /m, 'a message, not a stack')
  await disk.clear()
  await broker.restart()

  const last = await WireClient.open(broker.bootstrap)
  await writesAgain(last, acknowledged)
  await assertAllThere(last, acknowledged)
  await broker.stop()
})

test('a disk that fails: writes are refused, reads go on, the process stays', async (t) => {
  const { disk, broker, client } = await setup(t, 'ext4')
  const acknowledged = new Map<number, string>()
  for (const value of ['one', 'two']) {
    const { baseOffset } = await client.produce(topic, [value])
    acknowledged.set(baseOffset, value)
  }
  await disk.remount('abort')
  for (let attempt = 0; attempt < 5; attempt++) {
    const { errorCode, errorMessage } = await client.produce(topic, ['lost'])
    assert.equal(errorCode, ErrorCode.KAFKA_STORAGE_ERROR, String(errorMessage))
    if (attempt === 0) t.diagnostic(String(errorMessage))
  }
  await assertAllThere(client, acknowledged)
  const other = await WireClient.open(broker.bootstrap)
  await assertAllThere(other, acknowledged)
  assert.equal(broker.isRunning, true)
  await broker.kill()
})

test('OTLP on a full disk is told to try again, and is stored when there is space', async (t) => {
  const { disk, broker } = await setup(t)
  await sleep(500)
  await disk.fill()
  const send = async (number: number): Promise<Response> => {
    const padding = { key: 'padding', value: { stringValue: 'x'.repeat(200_000) } }
    const span = { traceId: '5b'.repeat(16), spanId: 'ee'.repeat(8), name: `${number}` }
    const spans = [{ ...span, attributes: [padding] }]
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })
    const headers = { 'content-type': 'application/json' }
    return fetch(`http://${broker.addresses.otlp}/v1/traces`, { method: 'POST', headers, body })
  }
  let refused: Response | undefined
  for (let number = 0; refused === undefined; number++) {
    assert.ok(number < 100, 'the disk never filled up')
    const response = await send(number)
    if (response.status !== 200) refused = response
  }
  assert.ok([429, 503].includes(refused.status), String(refused.status))
  assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/)
  assert.match(await refused.text(), /disk|space|ENOSPC/)
  await disk.clear()
  await until(
    async () => (await send(1)).status === 200,
    5_000,
    () => 'OTLP is still refused',
  )
})
