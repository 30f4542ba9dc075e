/** Ten thousand partitions on three brokers: what it costs to know them, and to start beside them. */
import { systemClock } from '../src/base/system-clock.ts'
import { BrokerConnection } from '../src/client/broker-connection.ts'
import { nodeDial } from '../src/client/node-dial.ts'
import { parseAddress } from '../src/config/address.ts'
import { metadata } from '../src/wire/messages/03-metadata.ts'
import { createTopic } from './client.ts'
import { FleetSite, zones } from './fleet-site.ts'
import { newFolder, removeFolder } from './karst.ts'
import { residentMb } from './machine.ts'
import { openLoad } from './open-loop.ts'
import type { Bench, Section } from './section.ts'

const topics = 10
const partitionsPerTopic = 1_000
const asks = 200
const load = { recordsPerBatch: 1, recordBytes: 1_020, connections: 4, rate: 250 }

export const partitionsSection: Section = {
  name: 'partitions',
  async run(bench) {
    const folder = await newFolder('partitions')
    const site = await FleetSite.start()
    try {
      await measure(bench, site, folder)
    } finally {
      await site.close()
      await removeFolder(folder)
    }
  },
}

async function measure(bench: Bench, site: FleetSite, folder: string): Promise<void> {
  const { figures, say, programs } = bench
  const add = (name: string, unit: string, value: number, target = {}): void =>
    figures.add('partitions', name, unit, value, target)
  const most = (): number => Math.max(...site.brokers.map(({ pid }) => residentMb(pid)))
  const before = most()
  const names = Array.from({ length: topics }, (_, at) => `many-${at}`)
  for (const name of names) await createTopic(site.portOf(0), name, partitionsPerTopic)
  const grown = most() - before
  add('memory of a broker for them', 'MB', grown)
  const [one, all] = [await asked(site, names.slice(0, 1)), await asked(site, names)]
  add('metadata of 1,000 partitions, p99', 'ms', one)
  add('metadata of 10,000 partitions, p99', 'ms', all)
  const shape = { ...load, topic: names[0] ?? '', partitions: partitionsPerTopic, folder }
  const times = { warmUpSeconds: 5, seconds: 15 }
  const own = zones.map((_, at) =>
    openLoad(programs.openLoop, { ...shape, ...times, port: site.portOf(at) }),
  )
  const latencies = await Promise.all(own)
  const p99 = Math.max(...latencies.map((each) => each.p99))
  add('produce to 1,000 of them in turn, 1,000 batches/s a broker: p99', 'ms', p99)
  const fourth = await site.fleet.add()
  add('a fourth broker is ready', 'ms', fourth.readyMs, { atMost: 3_000 })
  add('resident memory, most', 'MB', most())
  const ready = `a fourth broker ready after ${fourth.readyMs.toFixed(0)} ms`
  say(`${grown.toFixed(0)} MB more, metadata p99 ${all.toFixed(0)} ms, ${ready}`)
}

/** Milliseconds, 99th percentile. */
async function asked(site: FleetSite, names: readonly string[]): Promise<number> {
  const address = parseAddress(site.brokers[0]?.bootstrap ?? '')
  if (address === undefined) throw new Error('a broker has an address')
  const options = { dial: nodeDial, clock: systemClock, clientId: 'bench' }
  const timeouts = { connectTimeoutMs: 5_000, requestTimeoutMs: 30_000 }
  const connection = await BrokerConnection.open(address, { ...options, ...timeouts })
  const times: number[] = []
  for (let at = 0; at < asks; at++) {
    const begunMs = performance.now()
    const body = { topics: names.map((name) => ({ name })), allowAutoTopicCreation: false }
    const answer = await connection.call(metadata, body)
    if (answer.topics.some(({ errorCode }) => errorCode !== 0))
      throw new Error('a topic is not there')
    times.push(performance.now() - begunMs)
  }
  connection.close()
  return times.toSorted((a, b) => a - b)[Math.floor(0.99 * asks)] ?? Number.NaN
}
