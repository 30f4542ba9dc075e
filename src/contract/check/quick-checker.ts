/**
 * Checks here what takes less than the way to another thread and back: batches of which nothing but
 * the names of schemas is looked at, and nothing is unpacked.
 */
import { BATCH_HEADER_BYTES, codecIdOf } from '../../record/batch-header.ts'
import { codecIdOfName } from '../../record/codec.ts'
import type { ToldSchemas } from './held-schemas.ts'
import type { JudgedBatch } from './judge-batch.ts'
import type { Policy } from './policy.ts'
import type { RecordChecker } from './record-checker.ts'

/** Of a batch, however small its records: some milliseconds. */
const quickBytesMax = 128 * 1024

export class QuickChecker implements RecordChecker {
  readonly #elsewhere: RecordChecker
  #here: Promise<RecordChecker> | undefined
  /** The same when it is loaded. */
  #hereNow: RecordChecker | undefined

  constructor(elsewhere: RecordChecker) {
    this.#elsewhere = elsewhere
  }

  async check(policy: Policy, bytes: Uint8Array, told?: ToldSchemas): Promise<JudgedBatch> {
    const isHere = isQuick(policy, bytes)
    if (!isHere) return this.#elsewhere.check(policy, bytes, told)
    this.#hereNow ??= await (this.#here ??= checkerHere())
    return this.#hereNow.check(policy, bytes, told)
  }

  keptNow(policy: Policy, bytes: Uint8Array, epoch: number): number | undefined {
    return isQuick(policy, bytes) ? this.#hereNow?.keptNow?.(policy, bytes, epoch) : undefined
  }

  async close(): Promise<void> {
    await this.#elsewhere.close()
  }
}

/**
 * Loaded with the first such batch: most brokers see none. Without any format: what schemas say is
 * not asked for.
 */
async function checkerHere(): Promise<RecordChecker> {
  const { inlineChecker } = await import('./record-checker.ts')
  return inlineChecker({})
}

function isQuick({ depth, encoding }: Policy, bytes: Uint8Array): boolean {
  if (depth !== 'id' || encoding !== 'registry') return false
  if (bytes.length < BATCH_HEADER_BYTES || bytes.length > quickBytesMax) return false
  return codecIdOf(bytes, 0) === codecIdOfName('none')
}
