/** Latency of produce at a load that a broker has no trouble with, and with many slow producers. */
import { createTopic } from './client.ts'
import { Karst, newFolder, RecycledFiles, removeFolder } from './karst.ts'
import { residentMb, shares } from './machine.ts'
import { openLoad, type OpenLoad } from './open-loop.ts'
import { type Bench, type Section, sharesText } from './section.ts'
import type { Target } from './figures.ts'
import { latencyHere, syncMs, withCoreFactor } from './yardstick.ts'

type Load = Omit<OpenLoad, 'port' | 'topic' | 'folder'>

interface Case {
  readonly section: string
  readonly name: string
  readonly load: Load
  readonly p50: Target
  readonly p99: Target
}

/** 4 × 152 batches of 16 records of 1 KiB: 10 MB/s, 6,080 samples, after 6,080 that warm up. */
const steady: Case = {
  section: 'latency',
  name: '10 MB/s of 16 KiB batches',
  load: {
    partitions: 12,
    recordsPerBatch: 16,
    recordBytes: 1_020,
    connections: 4,
    rate: 152,
    warmUpSeconds: 10,
    seconds: 10,
  },
  p50: { atMost: 0.6 },
  p99: { atMost: 5 },
}

const slow: Case = {
  section: 'slow',
  name: '500 producers, 1 record/s each',
  load: {
    partitions: 12,
    recordsPerBatch: 1,
    recordBytes: 1_020,
    connections: 500,
    rate: 1,
    warmUpSeconds: 2,
    seconds: 8,
  },
  p50: {},
  p99: {},
}

export const latencySection: Section = { name: 'latency', run: (bench) => measure(bench, steady) }
export const slowSection: Section = { name: 'slow', run: (bench) => measure(bench, slow) }

async function measure(bench: Bench, each: Case): Promise<void> {
  const { programs, figures, subject, say } = bench
  const folder = await newFolder(each.section)
  const recycled = new RecycledFiles()
  await recycled.lendTo(folder)
  const broker = await Karst.start(folder, subject.options)
  try {
    const topic = 'bench'
    await createTopic(broker.port, topic, each.load.partitions)
    const load = { ...each.load, port: broker.port, topic, folder }
    const sync = await syncMs(programs)
    const { measured, core } = await withCoreFactor(() =>
      shares(broker.pid, () => openLoad(programs.openLoop, load)),
    )
    const here = ({ atMost }: Target): number | undefined =>
      atMost === undefined ? undefined : latencyHere(atMost, core, sync)
    const { p50, p90, p99, p999, max, samples, late } = measured.result
    const name = `${subject.label}${each.name}`
    const cores = measured.brokerCpu / measured.seconds
    figures.add(each.section, `${name}: p50`, 'ms', p50, each.p50, here(each.p50))
    figures.add(each.section, `${name}: p90`, 'ms', p90)
    figures.add(each.section, `${name}: p99`, 'ms', p99, each.p99)
    figures.add(each.section, `${name}: p99.9`, 'ms', p999)
    figures.add(each.section, `${name}: broker CPU`, '% of a core', cores * 100)
    figures.add(each.section, `${name}: resident memory`, 'MB', residentMb(broker.pid))
    figures.add(each.section, `${name}: noise`, '%', measured.noise * 100)
    const quantiles = [p50, p90, p99, p999, max].map((value) => value.toFixed(2)).join(' / ')
    const count = `${samples} samples, ${late} late`
    const machine = `core ${core.toFixed(2)}, sync ${sync.toFixed(3)} ms`
    figures.add(each.section, `${name}: a synced write of 4 KiB`, 'ms', sync)
    const notes = [count, machine, sharesText(measured)].join('; ')
    say(`${name}: p50 / 90 / 99 / 99.9 / max ${quantiles} ms, ${notes}`)
  } finally {
    await broker.stop()
    await recycled.takeBack(folder)
    await removeFolder(folder)
  }
}
