import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { BrokerProcess } from '../support/broker-process.ts'
import { WireClient } from './wire-client.ts'

const topic = 't'

function folder(t: TestContext): string {
  const made = mkdtempSync(path.join(tmpdir(), 'karst-backup-'))
  t.after(() => rmSync(made, { recursive: true, force: true }))
  return made
}

async function write(broker: BrokerProcess, values: readonly string[]): Promise<void> {
  const client = await WireClient.open(broker.bootstrap)
  await client.createTopic(topic)
  for (const value of values) assert.equal((await client.produce(topic, [value])).errorCode, 0)
  client.close()
}

async function read(broker: BrokerProcess): Promise<string[]> {
  const client = await WireClient.open(broker.bootstrap)
  const records = await client.readAll(topic)
  client.close()
  return records.map(({ value }) => value)
}

test('a copy of a stopped broker’s folder is a whole broker, wherever it lies', async (t) => {
  const [data, copy] = [folder(t), folder(t)]
  const broker = await BrokerProcess.start({ dataFolder: data })
  t.after(() => broker.kill())
  await write(broker, ['one', 'two'])
  await broker.stop()
  cpSync(data, copy, { recursive: true })
  await broker.restart()
  await write(broker, ['three'])
  await broker.stop()

  const restored = await BrokerProcess.start({ dataFolder: copy })
  t.after(() => restored.kill())
  assert.deepEqual(await read(restored), ['one', 'two'])
  await write(restored, ['another three'])
  assert.deepEqual(await read(restored), ['one', 'two', 'another three'])
  await restored.stop()
})

test('an old catalog beside a newer journal is refused', async (t) => {
  const [data, kept] = [folder(t), folder(t)]
  const catalog = path.join(data, 'catalog.sqlite')
  const broker = await BrokerProcess.start({ dataFolder: data })
  t.after(() => broker.kill())
  await write(broker, ['one'])
  await broker.stop()
  cpSync(catalog, path.join(kept, 'old'))
  await broker.restart()
  await write(broker, ['two'])
  await broker.stop()
  cpSync(catalog, path.join(kept, 'new'))

  cpSync(path.join(kept, 'old'), catalog)
  await assert.rejects(broker.restart(), /the catalog is older than the journal/)
  cpSync(path.join(kept, 'new'), catalog)
  await broker.restart()
  assert.deepEqual(await read(broker), ['one', 'two'])
  await broker.stop()
})
