/**
 * What this machine does right now, beside the machine on which the targets were set: a shared host
 * gives a core that is half as fast from one minute to the next, and figures in seconds say nothing
 * without it.
 */
import path from 'node:path'
import { crc32c } from '../src/base/crc32c.ts'
import { workFolder } from './karst.ts'
import { type Programs, rawSpeed } from './programs.ts'

/** CPU seconds that CRC-32C of a gigabyte took where the targets were set. */
const crcSecondsThere = 0.16
/** Milliseconds of a synced write of 4 KiB to a recycled file there. */
const syncMsThere = 0.09

const stepBytes = 65_536
/** Larger than the caches near a core, as a load is. */
const memory = Buffer.alloc(64 * 1024 * 1024, 'karst')
const syncBytes = 4_096
const syncs = 1_000

/** How much slower a core is than where the targets were set; 1 is as fast. */
export function coreFactor(): number {
  const before = process.cpuUsage()
  let bytes = 0
  for (let pass = 0; pass < 4; pass++) {
    for (let at = 0; at < memory.length; at += stepBytes) {
      crc32c(memory.subarray(at, at + stepBytes))
      bytes += stepBytes
    }
  }
  const used = process.cpuUsage(before)
  return (used.user + used.system) / 1e6 / (bytes / 1e9) / crcSecondsThere
}

/** Milliseconds that a synced write of 4 KiB takes here, on average. */
export async function syncMs(programs: Programs): Promise<number> {
  const file = path.join(workFolder, 'raw.file')
  const totalBytes = syncs * syncBytes
  const speed = await rawSpeed(programs, { file, stepBytes: syncBytes, totalBytes })
  return (syncBytes / 1e6 / speed) * 1000
}

/**
 * A latency on whose way two synced writes lie, one after the other: the rest of it is CPU.
 *
 * @param there Milliseconds, where the targets were set.
 */
export function latencyHere(there: number, core: number, sync: number): number {
  return (there - 2 * syncMsThere) * core + 2 * sync
}

/** Runs `body`; the core is measured before and after, and the middle of both is told. */
export async function withCoreFactor<Result>(
  body: () => Promise<Result>,
): Promise<{ readonly measured: Result; readonly core: number }> {
  const before = coreFactor()
  const measured = await body()
  return { measured, core: (before + coreFactor()) / 2 }
}
