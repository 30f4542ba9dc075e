/** Fuzzing in rounds, each a world of its own: a failure is repeated by its round alone. */
import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { seededRandom } from '../support/seeded-random.ts'
import { FrameFuzz } from './fuzz-frames.ts'
import { fuzzBatches } from './fuzz-batches.ts'

/** Inputs of a round: frames and batches, three to one. */
export const roundInputs = 20_000

/**
 * What may be held after a round more than after the first, once garbage is collected. One large
 * frame that is lost is 2 MiB, so a leak of one in a thousand frames shows.
 */
const growthBytesMax = 160 * 1024 * 1024

export interface RoundsOptions {
  readonly seed: number
  readonly count: number
  /** The first round; later ones follow. */
  readonly round?: number
  readonly progress?: (done: number, heldBytes: number) => void
}

export class RoundFailed extends Error {
  override readonly name = 'RoundFailed'
  readonly round: number

  constructor(round: number, cause: unknown) {
    super(`round ${round} failed`, { cause })
    this.round = round
  }
}

/** @throws RoundFailed */
export async function fuzzRounds({
  seed,
  count,
  round = 0,
  progress,
}: RoundsOptions): Promise<void> {
  const escaped: unknown[] = []
  const escape = (error: unknown): void => void escaped.push(error)
  process.on('uncaughtException', escape)
  process.on('unhandledRejection', escape)
  let firstBytes: number | undefined
  let current = round
  try {
    for (let done = 0; done < count; current++) {
      const inputs = Math.min(roundInputs, count - done)
      await fuzzRound(seed, current, inputs)
      if (escaped.length > 0) throw escaped[0]
      done += inputs
      const bytes = await heldBytes()
      firstBytes ??= bytes
      const growth = bytes - firstBytes
      assert.ok(
        growth <= growthBytesMax,
        `${growth} bytes are held more than after the first round`,
      )
      progress?.(done, bytes)
    }
  } catch (error) {
    throw new RoundFailed(current, escaped[0] ?? error)
  } finally {
    process.off('uncaughtException', escape)
    process.off('unhandledRejection', escape)
  }
}

async function fuzzRound(seed: number, round: number, inputs: number): Promise<void> {
  const random = seededRandom(seed * 1_000_003 + round)
  const batchCount = Math.floor(inputs / 4)
  const frames = await FrameFuzz.start(random)
  fuzzBatches(random, frames.corpus.batches, batchCount)
  await frames.run(inputs - batchCount)
}

async function heldBytes(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // Memory of buffers is given back a turn after they are.
  for (let turn = 0; turn < 3; turn++) {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
