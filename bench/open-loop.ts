/**
 * An open-loop load: requests leave when they are due, answered or not, so that a slow broker
 * cannot slow down its own test; or, where that is asked for, as fast as it answers. The frames are
 * made here, native/open-loop.c sends them.
 */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { run } from '../test/support/program.ts'
import { produceErrorAt, produceFrame } from './client.ts'

export interface OpenLoad {
  readonly port: number
  readonly topic: string
  readonly partitions: number
  readonly recordsPerBatch: number
  readonly recordBytes: number
  readonly connections: number
  /** Requests per second of each connection. */
  readonly rate: number
  /** As fast as the broker answers, so many requests of each connection unanswered at a time. */
  readonly inFlight?: number
  /** Of each record. */
  readonly value?: Uint8Array
  /** Sent, and not counted. */
  readonly warmUpSeconds: number
  readonly seconds: number
  /** Where the frames are put. */
  readonly folder: string
}

/** Latencies in milliseconds, from when a request was due to when its answer had come. */
export interface Latencies {
  readonly samples: number
  /** Requests that left more than 2 ms after they were due: the client's fault. */
  readonly late: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export async function openLoad(program: string, load: OpenLoad): Promise<Latencies> {
  const { topic, recordBytes, recordsPerBatch: records } = load
  const value = load.value === undefined ? {} : { value: load.value }
  const file = path.join(load.folder, `frames-${topic}`)
  const frames = Array.from({ length: load.partitions }, (_, partition) =>
    produceFrame({ topic, partition, records, recordBytes, ...value }),
  )
  await writeFile(file, Buffer.concat(frames))
  const { port, connections, rate, warmUpSeconds, seconds } = load
  const numbers = [port, connections, rate, warmUpSeconds, seconds, produceErrorAt(topic)]
  const timeoutMs = (warmUpSeconds + seconds + 30) * 1_000
  const depth = load.inFlight === undefined ? [] : [String(load.inFlight)]
  const args = [...numbers.map(String), file, ...depth]
  const [line = '{}'] = await run('open-loop', program, args, { timeoutMs })
  const told = JSON.parse(line) as Latencies
  const [p50, p90, p99] = [told.p50 / 1e3, told.p90 / 1e3, told.p99 / 1e3]
  return { ...told, p50, p90, p99, p999: told.p999 / 1e3, max: told.max / 1e3 }
}
