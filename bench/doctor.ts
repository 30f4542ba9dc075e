/**
 * The doctor and the rescue of a catalog with ten thousand partitions, each with records in objects
 * and behind them: how long, and in how much memory.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { checkout, nodeProgram } from '../test/support/broker-process.ts'
import { openKafkajs } from '../test/support/clients/kafkajs.ts'
import { Fleet } from '../test/support/fleet.ts'
import { Program } from '../test/support/program.ts'
import { until } from '../test/support/until.ts'
import { createTopic } from './client.ts'
import type { Bench, Section } from './section.ts'

const topics = 10
const partitionsPerTopic = 1_000
const commandMsMax = 10 * 60_000
const packedMsMax = 2 * 60_000
const lookMs = 20

export const doctorSection: Section = {
  name: 'doctor',
  async run(bench) {
    const packing = ['--pack-window-ms', '1000', '--pack-inline-ms', '1000']
    const fleet = await Fleet.start({ brokers: 1, flags: packing })
    try {
      await measure(bench, fleet)
    } finally {
      await fleet.close()
    }
  },
}

async function measure({ figures, say }: Bench, fleet: Fleet): Promise<void> {
  const names = Array.from({ length: topics }, (_, at) => `many-${at}`)
  const port = Number(fleet.brokers[0]?.bootstrap.split(':').at(-1))
  for (const name of names) await createTopic(port, name, partitionsPerTopic)
  for (let turn = 0; turn < 2; turn++) {
    await writeAll(fleet, names)
    await untilPacked(fleet)
  }
  await fleet.brokers[0]?.kill()
  const told = async (what: string, ...args: string[]): Promise<void> => {
    const { seconds, mebibytes } = await timed(fleet, args)
    figures.add('doctor', `${what}, 10,000 partitions`, 's', seconds)
    figures.add('doctor', `${what}, memory of its process, most`, 'MiB', mebibytes)
    say(`${what}: ${seconds.toFixed(1)} s, ${mebibytes.toFixed(0)} MiB`)
  }
  await told('doctor', 'doctor')
  await told('doctor --deep', 'doctor', '--deep')
  await told('catalog backup', 'catalog', 'backup')
  const client = new pg.Client({ connectionString: fleet.catalogUrl })
  await client.connect()
  await client.query('DROP SCHEMA karst CASCADE')
  await client.end()
  await told('catalog restore', 'catalog', 'restore')
}

/** A record into every partition. */
async function writeAll(fleet: Fleet, names: readonly string[]): Promise<void> {
  const producer = openKafkajs(fleet.bootstrap, { requestTimeout: 60_000 }).producer()
  await producer.connect()
  for (const topic of names) {
    const messages = Array.from({ length: partitionsPerTopic }, (_, partition) => {
      return { partition, value: `${topic}-${partition}` }
    })
    await producer.send({ topic, messages })
  }
  await producer.disconnect()
}

async function untilPacked(fleet: Fleet): Promise<void> {
  const client = new pg.Client({ connectionString: fleet.catalogUrl })
  await client.connect()
  const text = 'SELECT 1 FROM karst.partition WHERE packed_end < log_end LIMIT 1'
  await until(
    async () => (await client.query(text)).rowCount === 0,
    packedMsMax,
    () => 'not everything is packed',
  )
  await client.end()
}

interface Took {
  readonly seconds: number
  readonly mebibytes: number
}

async function timed(fleet: Fleet, args: readonly string[]): Promise<Took> {
  const where = ['--storage', fleet.storageUrl, '--catalog', fleet.catalogUrl]
  const begunMs = performance.now()
  const options = { cwd: checkout, env: fleet.environment, timeoutMs: commandMsMax }
  const program = new Program(
    args.join(' '),
    nodeProgram,
    [path.join(checkout, 'src/main.ts'), ...args, ...where],
    options,
  )
  let mostKib = 0
  const watch = setInterval(() => {
    void readFile(`/proc/${program.pid}/status`, 'utf8').then(
      (text) => (mostKib = Math.max(mostKib, Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? 0))),
      () => undefined, // it has ended
    )
  }, lookMs)
  try {
    await program.succeeded()
  } finally {
    clearInterval(watch)
  }
  return { seconds: (performance.now() - begunMs) / 1_000, mebibytes: mostKib / 1_024 }
}
