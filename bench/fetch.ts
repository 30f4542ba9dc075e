/** Throughput of fetch with librdkafka: what is still in memory, and what must come from files. */
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { createTopic } from './client.ts'
import { Karst, newFolder, RecycledFiles, removeFolder } from './karst.ts'
import { shares } from './machine.ts'
import { dropFromPageCache } from './programs.ts'
import { consumeLoad, produceLoad, recordBytes } from './rdkafka.ts'
import { type Bench, type Section, sharesText } from './section.ts'
import type { Target } from './figures.ts'
import { withCoreFactor } from './yardstick.ts'

const producedRecords = 900_000
const records = 850_000
const partitions = 4
const topic = 'bench'
/** Holds all records. */
const flags = ['--tail-cache-bytes', String(2 ** 31)]

export const fetchSection: Section = {
  name: 'fetch',
  async run(bench) {
    const { programs, subject } = bench
    const folder = await newFolder('fetch')
    const recycled = new RecycledFiles()
    await recycled.lendTo(folder)
    try {
      const warm = await Karst.start(folder, { ...subject.options, flags })
      try {
        await createTopic(warm.port, topic, partitions)
        const load = { bootstrap: warm.bootstrap, topic, batchBytes: 1_048_576 }
        const filled = { ...load, records: producedRecords }
        await produceLoad(programs.rdkafka, filled)
        await consume(bench, warm, 'memory', { atLeast: 1000 }, { atMost: 0.35 })
      } finally {
        await warm.stop()
      }
      await dropFiles(bench, folder)
      // A broker that was just started has nothing in memory.
      const cold = await Karst.start(folder, subject.options)
      try {
        await consume(bench, cold, 'cold files', {}, {})
      } finally {
        await cold.stop()
      }
    } finally {
      await recycled.takeBack(folder)
      await removeFolder(folder)
    }
  },
}

async function dropFiles({ programs }: Bench, folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  await dropFromPageCache(
    programs,
    files.map(({ parentPath, name }) => path.join(parentPath, name)),
  )
}

async function consume(
  { programs, figures, subject, say }: Bench,
  broker: Karst,
  from: string,
  speedTarget: Target,
  cpuTarget: Target,
): Promise<void> {
  const { bootstrap } = broker
  const load = { bootstrap, topic, partitions, records }
  const { measured, core } = await withCoreFactor(() =>
    shares(broker.pid, () => consumeLoad(programs.rdkafka, load)),
  )
  const speed = measured.result.megabytesPerSecond
  const cpu = measured.brokerCpu / ((records * recordBytes) / 1e9)
  const name = `${subject.label}from ${from}`
  const cpuHere = cpuTarget.atMost === undefined ? undefined : cpuTarget.atMost * core
  figures.add('fetch', `${name}: speed`, 'MB/s', speed, speedTarget)
  figures.add('fetch', `${name}: broker CPU`, 's/GB', cpu, cpuTarget, cpuHere)
  figures.add('fetch', `${name}: noise`, '%', measured.noise * 100)
  const figuresText = `${speed.toFixed(0)} MB/s, ${cpu.toFixed(2)} s/GB, core ${core.toFixed(2)}`
  say(`${name}: ${figuresText}; ${sharesText(measured)}`)
}
