/** Throughput of produce with librdkafka, back to back with what the disk gives without a broker. */
import path from 'node:path'
import { createTopic } from './client.ts'
import { Karst, newFolder, RecycledFiles, removeFolder, workFolder } from './karst.ts'
import { shares } from './machine.ts'
import { rawSpeed } from './programs.ts'
import { produceLoad, recordBytes } from './rdkafka.ts'
import { type Bench, type Section, sharesText } from './section.ts'
import { withCoreFactor } from './yardstick.ts'

interface Shape {
  readonly name: string
  readonly batchBytes: number
  /** Fits into the recycled files, with the warm-up. */
  readonly megabytes: number
  readonly ratioMin: number
  readonly cpuMax: number
  /** Requests on their way at once. */
  readonly inFlight: number
}

/** Fills the tail cache and the pool of slabs, and lets the catalog's log begin again. */
const warmUpMegabytes = 280
/**
 * Requests enough that the code which serves them is compiled: 10,000 in 2,000 groups, as a broker
 * that runs for more than some seconds has seen; then 5,000 of another size.
 */
const compilingLoads = [
  { batchBytes: 2_048, megabytes: 20 },
  { batchBytes: 16_384, megabytes: 80 },
]
const rawMegabytes = 400
const partitionCounts = [1, 12, 100]
/** What librdkafka does unless it is told otherwise. */
const unlimited = 1_000_000
const limited: readonly Shape[] = [
  { name: '1 MiB', batchBytes: 1_048_576, megabytes: 600, ratioMin: 0.3, cpuMax: 1, inFlight: 5 },
  { name: '64 KiB', batchBytes: 65_536, megabytes: 400, ratioMin: 0.5, cpuMax: 2.5, inFlight: 5 },
]
const shapes: readonly Shape[] = [
  ...limited,
  ...limited.map((shape) => ({ ...shape, name: `${shape.name}, unlimited`, inFlight: unlimited })),
]

export const produceSection: Section = {
  name: 'produce',
  async run(bench) {
    for (const shape of shapes) {
      for (const partitions of partitionCounts) {
        const name = `${shape.name}, ${partitions} partitions`
        if (name.includes(bench.match)) await measure(bench, shape, partitions, name)
      }
    }
  },
}

const recordsOf = (megabytes: number): number => Math.floor((megabytes * 1e6) / recordBytes)

async function measure(
  bench: Bench,
  shape: Shape,
  partitions: number,
  shapeName: string,
): Promise<void> {
  const { programs, figures, subject, say } = bench
  const { batchBytes } = shape
  const raw = await rawSpeed(programs, {
    file: path.join(workFolder, 'raw.file'),
    stepBytes: batchBytes,
    totalBytes: rawMegabytes * 1e6,
  })
  const folder = await newFolder('produce')
  const recycled = new RecycledFiles()
  await recycled.lendTo(folder)
  const broker = await Karst.start(folder, subject.options)
  try {
    const topic = 'bench'
    await createTopic(broker.port, topic, partitions)
    const { inFlight } = shape
    const load = { bootstrap: broker.bootstrap, topic, batchBytes, inFlight }
    for (const { batchBytes: small, megabytes } of compilingLoads) {
      const compiling = { ...load, batchBytes: small, records: recordsOf(megabytes) }
      await produceLoad(programs.rdkafka, compiling)
    }
    await produceLoad(programs.rdkafka, { ...load, records: recordsOf(warmUpMegabytes) })
    const { measured, core } = await withCoreFactor(() =>
      shares(broker.pid, () =>
        produceLoad(programs.rdkafka, { ...load, records: recordsOf(shape.megabytes) }),
      ),
    )
    const { megabytes, megabytesPerSecond: speed } = measured.result
    const cpu = (measured.brokerCpu / megabytes) * 1000
    const name = subject.label + shapeName
    const target = { atMost: shape.cpuMax }
    figures.add('produce', `${name}: speed`, 'MB/s', speed)
    figures.add('produce', `${name}: of raw`, 'ratio', speed / raw, { atLeast: shape.ratioMin })
    figures.add('produce', `${name}: broker CPU`, 's/GB', cpu, target, shape.cpuMax * core)
    figures.add('produce', `${name}: a core, of the targets' machine's`, 'times slower', core)
    figures.add('produce', `${name}: raw`, 'MB/s', raw)
    figures.add('produce', `${name}: noise`, '%', measured.noise * 100)
    const speeds = `${speed.toFixed(0)} MB/s, raw ${raw.toFixed(0)}`
    const figuresText = `${speeds}, ${cpu.toFixed(2)} s/GB, core ${core.toFixed(2)}`
    say(`${name}: ${figuresText}; ${sharesText(measured)}`)
  } finally {
    await broker.stop()
    await recycled.takeBack(folder)
    await removeFolder(folder)
  }
}
