/**
 * Objects that somebody changes behind our back: what was in them is refused by name, and all else
 * is read as ever.
 */
import assert from 'node:assert/strict'
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import type { BrokerProcess } from '../support/broker-process.ts'
import { openKafkajs } from '../support/clients/kafkajs.ts'
import { kcatClient } from '../support/clients/kcat.ts'
import { Fleet } from '../support/fleet.ts'
import { run } from '../support/program.ts'

let fleet: Fleet

before(async () => {
  fleet = await Fleet.start({ brokers: 2 })
})
after(() => fleet.close())

async function written(topic: string, text: string): Promise<void> {
  const admin = openKafkajs(fleet.bootstrap).admin()
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
  await admin.disconnect()
  const record = { key: null, value: text, headers: [] }
  await kcatClient.produce(fleet.bootstrap, topic, [record], 'none')
}

async function objectsWith(text: string): Promise<string[]> {
  const root = path.join(fleet.s3.dataFolder, 'buckets')
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const found: string[] = []
  for (const entry of entries.filter((each) => each.isFile())) {
    const file = path.join(entry.parentPath, entry.name)
    if ((await readFile(file)).includes(text)) found.push(file)
  }
  return found
}

/** Nothing is in memory any more. */
async function startedAnew(): Promise<void> {
  for (const broker of fleet.brokers) await broker.kill()
  for (const broker of fleet.brokers) await broker.restart()
}

async function read(topic: string): Promise<string> {
  const args = ['-C', '-b', fleet.bootstrap, '-t', topic, '-o', 'beginning', '-c', '1', '-q']
  const settings = ['-X', 'socket.timeout.ms=5000']
  const reading = run('kcat', 'kcat', [...args, ...settings], { timeoutMs: 8_000 })
  return reading.then(
    (lines) => lines.join('\n'),
    () => 'nothing',
  )
}

const damages: readonly (readonly [string, (file: string, at: number) => Promise<void>])[] = [
  [
    'overwritten',
    async (file, at) => {
      const bytes = await readFile(file)
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
      await writeFile(file, bytes)
    },
  ],
  ['cut short', (file, at) => truncate(file, at)],
]

for (const [what, damage] of damages) {
  test(`an object that was ${what} is named, and nothing wrong is returned`, async () => {
    const topic = `damaged-${what.replace(' ', '-')}`
    await written(`${topic}-not`, `whole ${what}`)
    await written(topic, `secret ${what}`)
    const files = await objectsWith(`secret ${what}`)
    assert.equal(files.length, 1)
    const [file = ''] = files
    await damage(file, (await readFile(file)).indexOf(`secret ${what}`))
    await startedAnew()
    assert.equal(await read(topic), 'nothing')
    assert.equal(await read(`${topic}-not`), `whole ${what}`)
    const name = path.basename(file)
    const told = fleet.brokers.map((broker: BrokerProcess) => broker.errors).join('')
    assert.ok(told.includes(name), `${name} is named: ${told}`)
    // Writing to the partition goes on.
    await written(topic, 'more')
  })
}
