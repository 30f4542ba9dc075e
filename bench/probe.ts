/**
 * Records that leave one by one when they are due, at one broker, and are awaited at another: what
 * a client sees of a produce, and of the way from one client to the other. Nothing else is on
 * their connections, and nobody else writes to their topic.
 */
import { sleep } from '../src/base/clock.ts'
import { systemClock } from '../src/base/system-clock.ts'
import { BrokerConnection } from '../src/client/broker-connection.ts'
import { nodeDial } from '../src/client/node-dial.ts'
import { parseAddress } from '../src/config/address.ts'
import { batchesIn } from '../src/record/batch-sequence.ts'
import { buildBatch } from '../src/record/build-batch.ts'
import { recordsIn } from '../src/record/records.ts'
import { produce } from '../src/wire/messages/00-produce.ts'
import { fetch } from '../src/wire/messages/01-fetch.ts'

export interface ProbeLoad {
  /** HOST:PORT of where records are sent … */
  readonly from: string
  /** … and of where they are awaited. */
  readonly to: string
  /** Empty, and with a single partition. */
  readonly topic: string
  readonly perSecond: number
  readonly recordBytes: number
  /** Sent, and not counted. */
  readonly warmUpSeconds: number
  readonly seconds: number
}

/** Milliseconds from when a record was due. */
export interface Quantiles {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export interface Probed {
  readonly produce: Quantiles
  readonly endToEnd: Quantiles
  /** Records that were refused, or never came. */
  readonly lost: number
}

const waitMs = 500
/** What has not come by then does not come. */
const patienceMs = 20_000

export async function probe(load: ProbeLoad): Promise<Probed> {
  const [from, to] = await Promise.all([connected(load.from), connected(load.to)])
  try {
    return await probeOn(from, to, load)
  } finally {
    from.close()
    to.close()
  }
}

async function probeOn(
  from: BrokerConnection,
  to: BrokerConnection,
  load: ProbeLoad,
): Promise<Probed> {
  const { perSecond, warmUpSeconds, seconds } = load
  const uncounted = warmUpSeconds * perSecond
  const count = uncounted + seconds * perSecond
  const answered: number[] = []
  const seen: number[] = []
  const begunMs = performance.now()
  const dueMs = (at: number): number => begunMs + (at * 1_000) / perSecond
  const reading = read(to, load, count, (at) => (seen[at] = performance.now() - dueMs(at)))
  const sent: Promise<void>[] = []
  for (let at = 0; at < count; at++) {
    const early = dueMs(at) - performance.now()
    if (early > 0) await sleep(systemClock, early)
    const answering = send(from, load, at).then((isTaken) => {
      if (isTaken) answered[at] = performance.now() - dueMs(at)
    })
    sent.push(answering)
  }
  await Promise.all(sent)
  await reading
  const counted = (times: readonly number[]): number[] =>
    times.slice(uncounted).filter((each) => each !== undefined)
  const lost = count - Math.min(answered.filter(isThere).length, seen.filter(isThere).length)
  return { produce: quantiles(counted(answered)), endToEnd: quantiles(counted(seen)), lost }
}

const isThere = (value: number | undefined): boolean => value !== undefined

async function connected(address: string): Promise<BrokerConnection> {
  const timeouts = { connectTimeoutMs: 5_000, requestTimeoutMs: patienceMs }
  const options = { dial: nodeDial, clock: systemClock, clientId: 'probe', ...timeouts }
  const parsed = parseAddress(address)
  if (parsed === undefined) throw new Error(`${address} is no HOST:PORT`)
  return BrokerConnection.open(parsed, options)
}

async function send(from: BrokerConnection, load: ProbeLoad, at: number): Promise<boolean> {
  const value = Buffer.alloc(load.recordBytes)
  value.writeUInt32BE(at)
  const records = buildBatch([{ key: null, value, timestampMs: Date.now() }])
  const topicData = [{ name: load.topic, partitionData: [{ index: 0, records }] }]
  const body = { acks: -1, timeoutMs: patienceMs, topicData }
  const answer = await from.call(produce, body, { versionMax: 12 })
  return answer.responses[0]?.partitionResponses[0]?.errorCode === 0
}

async function read(
  to: BrokerConnection,
  { topic, seconds, warmUpSeconds }: ProbeLoad,
  count: number,
  saw: (at: number) => void,
): Promise<void> {
  const endMs = performance.now() + (warmUpSeconds + seconds) * 1_000 + patienceMs
  for (let offset = 0; offset < count && performance.now() < endMs;) {
    const partitions = [{ partition: 0, fetchOffset: offset, partitionMaxBytes: 1_048_576 }]
    const limits = { maxWaitMs: waitMs, minBytes: 1, maxBytes: 8_388_608 }
    const body = { ...limits, topics: [{ topic, partitions }], forgottenTopicsData: [] }
    const answer = await to.call(fetch, body, { versionMax: 12, waitMs })
    const bytes = answer.responses[0]?.partitions[0]?.records ?? new Uint8Array()
    for (const { at } of batchesIn(bytes)) {
      for (const record of recordsIn(bytes, at)) {
        if (record.offset < offset) continue
        saw(Buffer.from(record.value ?? []).readUInt32BE())
        offset = record.offset + 1
      }
    }
  }
}

function quantiles(times: readonly number[]): Quantiles {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (part: number): number => {
    return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
  }
  const [p50, p90, p99] = [at(0.5), at(0.9), at(0.99)]
  return { count: sorted.length, p50, p90, p99, p999: at(0.999), max: at(1) }
}

export const quantilesText = ({ p50, p99, p999, max }: Quantiles): string =>
  `p50 / 99 / 99.9 / max ${[p50, p99, p999, max].map((ms) => ms.toFixed(0)).join(' / ')} ms`
