/** The programs that a benchmark runs beside the broker, each under a time limit. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { buildLibrdkafka } from '../test/support/librdkafka.ts'
import { run } from '../test/support/program.ts'
import { checkout } from '../test/support/broker-process.ts'

export interface Programs {
  readonly raw: string
  readonly openLoop: string
  readonly rdkafka: string
}

const folder = path.join(checkout, 'build/bench')
const compileTimeoutMs = 60_000

/** Compiles ours with cc, and librdkafka's performance client where it is not there yet. */
export async function buildPrograms(): Promise<Programs> {
  await mkdir(folder, { recursive: true })
  const { performanceClient } = await buildLibrdkafka()
  const [raw, openLoop] = await Promise.all([compile('raw'), compile('open-loop')])
  return { raw, openLoop, rdkafka: performanceClient }
}

async function compile(name: string): Promise<string> {
  const source = path.join(checkout, 'bench/native', `${name}.c`)
  const target = path.join(folder, name)
  await run(`cc ${name}`, 'cc', ['-O2', source, '-o', target], { timeoutMs: compileTimeoutMs })
  return target
}

export interface RawWrites {
  readonly file: string
  readonly stepBytes: number
  readonly totalBytes: number
}

/** The file is filled at first use, then overwritten again and again: as recycled journal files are. */
const rawFileBytes = 256 * 1024 * 1024

/** Megabytes (10^6) per second of a program that does nothing but write and sync. */
export async function rawSpeed({ raw }: Programs, writes: RawWrites): Promise<number> {
  const { file, stepBytes, totalBytes } = writes
  const args = ['overwrite', file, String(stepBytes), String(totalBytes), String(rawFileBytes)]
  const [seconds] = await run('raw', raw, args, { timeoutMs: 60_000 })
  return totalBytes / 1e6 / Number(seconds)
}

/** Takes files out of the page cache, where they are clean. */
export async function dropFromPageCache({ raw }: Programs, files: string[]): Promise<void> {
  await run('raw drop', raw, ['drop', ...files], { timeoutMs: 60_000 })
}
