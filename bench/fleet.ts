/**
 * A fleet under a steady load: latencies of a produce and of the way to a consumer of another
 * broker, and what the bucket is asked for, packing and hedges included. Three zones with a broker
 * each, everything read once in each zone.
 */
import { type Readings, readStages, stagesText } from './broker-stages.ts'
import { createTopic } from './client.ts'
import { newFolder, removeFolder } from './karst.ts'
import { FleetSite, between, type Counts, type CpuOf, zones } from './fleet-site.ts'
import { residentMb } from './machine.ts'
import { openLoad, type OpenLoad } from './open-loop.ts'
import { probe, type Probed, quantilesText } from './probe.ts'
import { follow } from './rdkafka.ts'
import type { Bench, Section } from './section.ts'
import type { Target } from './figures.ts'

interface FleetLoad {
  /** Megabytes (10^6) per second at each broker … */
  readonly rate: number
  /**
   * … of so many. Default: all. Clients, bucket and database are on the same machine: where it can
   * not carry three loaded brokers it may carry one, and what that one takes is what it takes.
   */
  readonly loaded?: number
  readonly recordsPerBatch: number
  /** The class of all topics. Default: standard. */
  readonly latency?: 'low'
  readonly targets: Readonly<Record<'p50' | 'p99' | 'p999' | 'endToEnd', Target>>
  /** Default: what the linger seals. */
  readonly putsPerSecond?: Target
  readonly putsPerGib: Target
  readonly getsPerGib: Target
}

const partitions = 48
const recordBytes = 1_020
const connections = 4
const warmUpSeconds = 20
/** More than packing waits for: a minute. */
const seconds = 100
const probesPerSecond = 40

const targets = {
  p50: { atMost: 150 },
  p99: { atMost: 300 },
  p999: { atMost: 700 },
  endToEnd: { atMost: 390 },
}

const loads: readonly FleetLoad[] = [
  { rate: 0.1, recordsPerBatch: 1, targets, putsPerGib: {}, getsPerGib: {} },
  { rate: 1.7, recordsPerBatch: 16, targets, putsPerGib: {}, getsPerGib: {} },
  { rate: 5, recordsPerBatch: 16, targets, putsPerGib: {}, getsPerGib: {} },
  {
    ...{ rate: 17, recordsPerBatch: 64, targets },
    ...{ putsPerGib: { atMost: 450 }, getsPerGib: { atMost: 1_250 } },
  },
  {
    ...{ rate: 17, loaded: 1, recordsPerBatch: 64, targets },
    ...{ putsPerGib: { atMost: 450 }, getsPerGib: { atMost: 1_250 } },
  },
  {
    // Groups are full before the linger is over.
    ...{ rate: 50, loaded: 1, recordsPerBatch: 64, targets, putsPerSecond: {} },
    ...{ putsPerGib: { atMost: 170 }, getsPerGib: { atMost: 450 } },
  },
]

/** A megabyte per second in all; without a bucket on its way. */
const low: FleetLoad = {
  ...{ rate: 0.33, recordsPerBatch: 4, latency: 'low' },
  targets: { p50: {}, p99: { atMost: 20 }, p999: {}, endToEnd: { atMost: 40 } },
  ...{ putsPerGib: {}, getsPerGib: {} },
}

/** Dollars for a request of S3 in us-east-1: one that writes or lists, and one that reads. */
const writeDollars = 5e-6
const readDollars = 4e-7
const secondsPerMonth = 30 * 86_400

export const fleetSection: Section = {
  name: 'fleet',
  async run(bench) {
    for (const load of [...loads, low]) {
      const where = load.loaded === undefined ? 'per broker' : 'at one of three brokers'
      const name = `${load.rate} MB/s ${where}${load.latency === undefined ? '' : ', low'}`
      if (name.includes(bench.match)) await measure(bench, name, load)
    }
  },
}

async function measure(bench: Bench, name: string, load: FleetLoad): Promise<void> {
  const folder = await newFolder('fleet')
  const site = await FleetSite.start()
  try {
    const { latency = 'standard' } = load
    const configs = { 'karst.latency.class': latency }
    await createTopic(site.portOf(0), 'load', partitions, configs)
    await createTopic(site.portOf(0), 'probe', 1, configs)
    const of = { bootstrap: site.fleet.bootstrap, topic: 'load', partitions }
    const readers = zones.map((zone) => follow(bench.programs.rdkafka, { ...of, zone }))
    const loading = Promise.all(
      zones
        .slice(0, load.loaded)
        .map((_, at) => openLoad(bench.programs.openLoop, own(site, at, load, folder))),
    )
    loading.catch(() => undefined) // awaited below
    const counting = counted(site)
    const [from = '', to = ''] = site.brokers.map(({ bootstrap }) => bootstrap)
    const records = {
      topic: 'probe',
      perSecond: probesPerSecond,
      recordBytes,
      warmUpSeconds,
      seconds,
    }
    const probed = await probe({ ...records, from, to })
    const requests = await counting
    const memory = Math.max(...site.brokers.map(({ pid }) => residentMb(pid)))
    const sent = await loading
    await Promise.all(readers.map((each) => each.stop()))
    tell(bench, name, load, { probed, requests, memory })
    const late = sent.reduce((sum, each) => sum + each.late, 0)
    bench.say(`${name}: ${late} requests left late`)
  } finally {
    await site.close()
    await removeFolder(folder)
  }
}

/** What one broker's clients send; all partitions, as each zone has one broker. */
function own(site: FleetSite, at: number, load: FleetLoad, folder: string): OpenLoad {
  const batchBytes = load.recordsPerBatch * recordBytes
  const rate = (load.rate * 1e6) / batchBytes / connections
  const shape = { topic: 'load', partitions, recordBytes, connections, warmUpSeconds, seconds }
  return { ...shape, port: site.portOf(at), recordsPerBatch: load.recordsPerBatch, rate, folder }
}

interface Requests {
  readonly before: Counts
  readonly after: Counts
  /** Of one second. */
  readonly cpu: Readonly<Record<CpuOf, number>>
  /** Of the broker that takes the probes, a loaded one. */
  readonly stages: readonly [before: Readings, after: Readings]
}

/** Of the seconds that are measured. */
async function counted(site: FleetSite): Promise<Requests> {
  const pause = (s: number): Promise<void> => new Promise((go) => setTimeout(go, s * 1_000))
  await pause(warmUpSeconds)
  const first = site.brokers[0]?.addresses.http ?? ''
  const [before, earlier, begun] = [await site.counts(), site.cpu(), await readStages(first)]
  await pause(seconds)
  const [after, later, ended] = [await site.counts(), site.cpu(), await readStages(first)]
  const used = (of: CpuOf): number => (later[of] - earlier[of]) / seconds
  const [brokers, database, bucket] = [used('brokers'), used('database'), used('bucket')]
  const cpu = { brokers, database, bucket, proxy: used('proxy'), rest: used('rest') }
  return { before, after, cpu, stages: [begun, ended] }
}

interface Told {
  readonly probed: Probed
  readonly requests: Requests
  readonly memory: number
}

function tell({ figures, say }: Bench, name: string, load: FleetLoad, told: Told): void {
  const { probed, requests, memory } = told
  const { before, after, cpu, stages } = requests
  const { produce, endToEnd, lost } = probed
  const writes = between(before, after, ['PUT', 'MULTIPART', 'LIST'])
  const puts = between(before, after, ['PUT', 'MULTIPART'])
  const gets = between(before, after, ['GET', 'HEAD'])
  const brokers = load.loaded ?? zones.length
  const gib = (brokers * load.rate * 1e6 * seconds) / 2 ** 30
  const perMonth = (count: number): number => (count / seconds / brokers) * secondsPerMonth
  const dollars = perMonth(writes) * writeDollars + perMonth(gets) * readDollars
  const add = (what: string, unit: string, value: number, target: Target = {}): void =>
    figures.add('fleet', `${name}: ${what}`, unit, value, target)
  add('produce, p50', 'ms', produce.p50, load.targets.p50)
  add('produce, p99', 'ms', produce.p99, load.targets.p99)
  add('produce, p99.9', 'ms', produce.p999, load.targets.p999)
  add('end to end, p50', 'ms', endToEnd.p50)
  add('end to end, p99', 'ms', endToEnd.p99, load.targets.endToEnd)
  add('lost probes', 'records', lost, { atMost: 0 })
  const { putsPerSecond = { atMost: 7.5 } } = load
  add('PUT per loaded broker', '1/s', puts / seconds / brokers, putsPerSecond)
  add('PUT', '1/GiB', puts / gib, load.putsPerGib)
  add('GET', '1/GiB', gets / gib, load.getsPerGib)
  add('requests of a broker', '$/month', dollars)
  for (const [of, cores] of Object.entries(cpu)) add(`CPU of ${of}`, 'cores', cores)
  add('resident memory, most', 'MB', memory)
  const asked = `${(puts / gib).toFixed(0)} PUT and ${(gets / gib).toFixed(0)} GET per GiB`
  say(`${name}: produce ${quantilesText(produce)}, end to end ${quantilesText(endToEnd)}, ${asked}`)
  const cores = Object.entries(cpu).map(([of, used]) => `${of} ${used.toFixed(2)}`)
  say(`${name}: cores of ${cores.join(', ')}`)
  say(`${name}: mean ms in a loaded broker: ${stagesText(...stages)}`)
}
