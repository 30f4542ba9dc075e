/** Latencies as object stores have them: a lognormal body and tail, and a part that grows by size. */
import type { Random } from '../../src/base/random.ts'

export interface LatencyShape {
  readonly p50Ms: number
  readonly p99Ms: number
  /** Added by size. */
  readonly msPerMiB?: number
}

/** The 99th percentile of the standard normal distribution. */
const normal99 = 2.326

/** What one request of `bytes` takes, in milliseconds. */
export function latencyMs(shape: LatencyShape, bytes: number, random: Random): number {
  const sigma = Math.log(shape.p99Ms / shape.p50Ms) / normal99
  const uniform = (): number => (random.uint32() + 1) / (2 ** 32 + 1)
  const normal = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
  const sizeMs = ((shape.msPerMiB ?? 0) * bytes) / (1024 * 1024)
  return shape.p50Ms * Math.exp(sigma * normal) + sizeMs
}
