/**
 * What it costs to hold records to a contract: the same batches to a topic under one and to a topic
 * under none, in turns, as fast as the broker answers, each with a broker of its own; and what
 * producers of other topics notice.
 */
import { createTopic } from './client.ts'
import { type EnforcedCase, enforcedCases } from './contract-events.ts'
import { Karst, newFolder, RecycledFiles, removeFolder } from './karst.ts'
import { shares } from './machine.ts'
import { openLoad, type OpenLoad } from './open-loop.ts'
import { type Bench, type Section, sharesText } from './section.ts'

const partitions = 12
const recordsPerBatch = 64
/** Enough that each connection has a batch on its way while another is checked. */
const connections = 4
const inFlight = 4
/** With its second of warm-up it fits into the recycled files: what is written next costs more. */
const speedSeconds = 3
/** Before it, so that the compiler has seen it: batches of each connection in a second. */
const warmUpRate = 80
/** Of latency. */
const seconds = 5
const warmUpSeconds = 2
const turns = 2
/** Of the load beside which other topics are looked at: 64 batches of 64 KiB each second. */
const besideRate = 16

export const contractSection: Section = {
  name: 'contract',
  async run(bench) {
    const recycled = new RecycledFiles()
    for (const each of enforcedCases) {
      if (each.name.includes(bench.match)) await measure(bench, recycled, each)
    }
    if ('others'.includes(bench.match)) await withBroker(bench, recycled, besideOthers)
  },
}

/** Its journal files were written before, its catalog is empty. */
async function withBroker<Found>(
  bench: Bench,
  recycled: RecycledFiles,
  work: (bench: Bench, broker: Karst, folder: string) => Promise<Found>,
): Promise<Found> {
  const folder = await newFolder('contract')
  await recycled.lendTo(folder)
  const broker = await Karst.start(folder, bench.subject.options)
  try {
    return await work(bench, broker, folder)
  } finally {
    await broker.stop()
    await recycled.takeBack(folder)
    await removeFolder(folder)
  }
}

/** Of all brokers: each has its own. */
let topics = 0

interface Prepared {
  readonly value: Uint8Array
  readonly plainTopic: string
}

async function prepare(broker: Karst, each: EnforcedCase): Promise<Prepared> {
  const applied = await ask<{ revision?: number }>(broker, '/contracts', {
    ...{ text: each.contract, files: each.files },
  })
  if (applied.revision === undefined) throw new Error(JSON.stringify(applied))
  const plainTopic = `${each.topic}-free-${++topics}`
  await createTopic(broker.port, plainTopic, partitions)
  if (!each.isFramed) return { value: each.payload, plainTopic }
  const latest = `/subjects/${each.topic}-value/versions/latest`
  const { id } = await ask<{ id: number }>(broker, latest)
  const prefix = Buffer.alloc(5)
  prefix.writeInt32BE(id, 1)
  return { value: Buffer.concat([prefix, each.payload]), plainTopic }
}

async function ask<Answer>(broker: Karst, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`http://${broker.registry}${path}`, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
    signal: AbortSignal.timeout(30_000),
  })
  return (await response.json()) as Answer
}

async function measure(bench: Bench, recycled: RecycledFiles, each: EnforcedCase): Promise<void> {
  const { figures, subject, say } = bench
  const name = `${subject.label}${each.name}`
  const speedOf = (isHeld: boolean): Promise<Speed> =>
    withBroker(bench, recycled, async (_, broker, folder) => {
      const { value, plainTopic } = await prepare(broker, each)
      return speed(bench, broker, folder, { topic: isHeld ? each.topic : plainTopic, value })
    })
  for (let turn = 0; turn < turns; turn++) {
    const isHeldFirst = turn % 2 === 1
    const first = await speedOf(isHeldFirst)
    const second = await speedOf(!isHeldFirst)
    const [held, free] = isHeldFirst ? [first, second] : [second, first]
    figures.add('contract', `${name}: not enforced`, 'MB/s', free.perSecond)
    figures.add('contract', `${name}: enforced`, 'MB/s', held.perSecond)
    const ratio = held.perSecond / free.perSecond
    figures.add('contract', `${name}: of not enforced`, 'ratio', ratio, { atLeast: each.ratioMin })
    const speeds = `${held.perSecond.toFixed(0)} of ${free.perSecond.toFixed(0)} MB/s`
    say(`${name}: ${speeds}, ${ratio.toFixed(2)}; ${held.text}; free: ${free.text}`)
  }
}

interface Speed {
  /** MB. */
  readonly perSecond: number
  readonly text: string
}

async function speed(
  { programs }: Bench,
  broker: Karst,
  folder: string,
  { topic, value }: { readonly topic: string; readonly value: Uint8Array },
): Promise<Speed> {
  const load: OpenLoad = {
    ...{ port: broker.port, topic, folder, partitions, recordsPerBatch, value },
    ...{ recordBytes: value.length, connections, warmUpSeconds: 1, seconds: speedSeconds },
    rate: warmUpRate,
  }
  await openLoad(programs.openLoop, load)
  const measured = await shares(broker.pid, () =>
    openLoad(programs.openLoop, { ...load, inFlight, rate: 1 }),
  )
  const bytes = measured.result.samples * recordsPerBatch * value.length
  return { perSecond: bytes / 1e6 / speedSeconds, text: sharesText(measured) }
}

/** Latency of a topic under no contract, beside the same load on a topic under one and under none. */
async function besideOthers(bench: Bench, broker: Karst, folder: string): Promise<void> {
  const { programs, figures, subject, say } = bench
  const [each] = enforcedCases.slice(-1)
  if (each === undefined) return
  const topic = 'quiet'
  await createTopic(broker.port, topic, partitions)
  const { value, plainTopic } = await prepare(broker, each)
  const common = { port: broker.port, folder, partitions }
  const p99Beside = async (other: string): Promise<number> => {
    const beside = openLoad(programs.openLoop, {
      ...{ ...common, topic: other, value, recordBytes: value.length, recordsPerBatch },
      ...{ connections, rate: besideRate, warmUpSeconds, seconds: seconds * 2 },
    })
    const { p99 } = await openLoad(programs.openLoop, {
      ...{ ...common, topic, recordBytes: 1_020, recordsPerBatch: 16 },
      ...{ connections, rate: 76, warmUpSeconds, seconds: seconds * 2 - 1 },
    })
    await beside
    return p99
  }
  for (let turn = 0; turn < turns; turn++) {
    const free = await p99Beside(plainTopic)
    const held = await p99Beside(each.topic)
    const ratio = held / free
    const name = `${subject.label}others, p99`
    figures.add('contract', `${name} beside a topic without a contract`, 'ms', free)
    figures.add('contract', `${name} beside one with`, 'ms', held)
    figures.add('contract', `${name}: of without`, 'ratio', ratio, { atMost: 1.1 })
    say(`${name}: ${held.toFixed(2)} ms beside, ${free.toFixed(2)} without: ${ratio.toFixed(2)}`)
  }
}
