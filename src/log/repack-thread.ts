/**
 * Packs batches anew in a thread of its own, one at a time, so that the memory it takes is that of
 * one batch. Those that wait lie in the memory of their requests, which has its own limit.
 */
import type { Clock } from '../base/clock.ts'
import { Failure, isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { WorkerLine } from '../base/worker-line.ts'
import type { Packing, RepackedBatch } from '../record/repack-batch.ts'
import type { BatchRules, Refusal } from '../record/validate-batch.ts'
import type { RepackJob, RepackResult } from './repack-worker.ts'
import type { Repacker } from './repacker.ts'

export class RepackThread implements Repacker {
  readonly #log: Log
  readonly #line: WorkerLine<RepackJob, RepackResult>

  constructor(clock: Clock, log: Log) {
    this.#log = log
    const url = new URL('./repack-worker.ts', import.meta.url)
    this.#line = new WorkerLine(clock, url, (job) => {
      // Copied, because a message takes with it all of the memory that they lie in.
      const bytes = new Uint8Array(job.bytes)
      return { job: { ...job, bytes }, memory: [bytes.buffer] }
    })
  }

  async repack(
    bytes: Uint8Array,
    rules: BatchRules,
    packing: Packing,
  ): Promise<RepackedBatch | Refusal> {
    const result = await this.#line.run({ bytes, rules, packing }).catch((error: unknown) => {
      if (isFailure(error)) throw error
      return { outcome: 'broken', error } as const
    })
    switch (result.outcome) {
      case 'judged':
        return result.verdict
      case 'overloaded':
        throw new Failure('overloaded', result.message)
      case 'broken': {
        const { error } = result
        this.#log.error({ error }, 'the thread that packs batches anew failed at one')
        throw new Failure('unavailable', 'the batch could not be packed anew', error)
      }
    }
  }

  close(): Promise<void> {
    return this.#line.close()
  }
}
