/** One machine loses its catalog.sqlite: what a backup and the packed objects bring back. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { BrokerProcess } from '../support/broker-process.ts'
import { typed, type Typed } from '../support/karst-command.ts'
import { until } from '../support/until.ts'
import { WireClient } from './wire-client.ts'

const topic = 't'

test('a folder without its catalog is brought back from a backup', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'karst-restore-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const flags = ['--pack-window-ms', '100']
  const broker = await BrokerProcess.start({ dataFolder: folder, flags })
  t.after(() => broker.kill())
  const karst = (...args: string[]): Promise<Typed> => typed('', [...args, '--data', folder])
  // One that is being written has a name that begins with a mark, and is lost by a kill.
  const isPacked = (name: string): boolean =>
    name.includes('packed-') && !path.basename(name).startsWith('+')
  const objects = async (): Promise<number> =>
    (await readdir(path.join(folder, 'objects'), { recursive: true }).catch(() => [])).filter(
      isPacked,
    ).length
  const packed = (count: number): Promise<void> =>
    until(
      async () => (await objects()) >= count,
      10_000,
      () => 'nothing is packed',
    )

  const client = await WireClient.open(broker.bootstrap)
  await client.createTopic(topic)
  await client.produce(topic, ['one', 'two'])
  await packed(1)
  const made = await karst('catalog', 'backup')
  assert.equal(made.code, 0, made.err)
  await client.produce(topic, ['three'])
  await packed(2)
  client.close()
  await broker.kill()
  for (const name of await readdir(folder)) {
    if (name.startsWith('catalog.sqlite')) await rm(path.join(folder, name))
  }
  const listed = await karst('catalog', 'backups', '--json')
  assert.equal((JSON.parse(listed.out) as unknown[]).length, 1)
  const restored = await karst('catalog', 'restore')
  assert.equal(restored.code, 0, restored.err)
  assert.match(restored.out, new RegExp(`^${topic}-0\t2\t3\t-\t42949`, 'm'))
  const doctor = await karst('doctor', '--deep')
  assert.equal(doctor.code, 0, doctor.out)

  await broker.restart()
  const again = await WireClient.open(broker.bootstrap)
  const values = async (): Promise<string[]> =>
    (await again.readAll(topic)).map(({ value }) => value).filter((value) => !value.includes('\0'))
  assert.deepEqual(await values(), ['one', 'two', 'three'])
  const { baseOffset } = await again.produce(topic, ['four'])
  assert.ok(baseOffset > 2 ** 32)
  const before = await objects()
  await packed(before + 1)
  assert.deepEqual(await values(), ['one', 'two', 'three', 'four'])
  again.close()
  await broker.stop()
  assert.equal((await karst('doctor', '--deep')).code, 0)
  const refused = await karst('catalog', 'restore')
  assert.equal(refused.code, 1)
  assert.match(refused.err, /the catalog is not empty/)
})
