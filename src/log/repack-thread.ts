/**
 * Packs batches anew in a thread of its own, one at a time, so that the memory it takes is that of
 * one batch. Those that wait lie in the memory of their requests, which has its own limit.
 */
import { Worker } from 'node:worker_threads'
import type { Clock, Timer } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Packing, RepackedBatch } from '../record/repack-batch.ts'
import type { BatchRules, Refusal } from '../record/validate-batch.ts'
import type { RepackJob, RepackResult } from './repack-worker.ts'
import type { Repacker } from './repacker.ts'

/** A thread that has nothing to do costs some 10 MB; it ends after so long, milliseconds. */
const idleMs = 30_000

interface Waiting {
  readonly job: RepackJob
  readonly resolve: (verdict: RepackedBatch | Refusal) => void
  readonly reject: (error: Failure) => void
}

export class RepackThread implements Repacker {
  readonly #clock: Clock
  readonly #log: Log
  #worker: Worker | undefined
  #idle: Timer | undefined
  #isClosed = false
  /** The first is under way. */
  readonly #waiting: Waiting[] = []

  constructor(clock: Clock, log: Log) {
    this.#clock = clock
    this.#log = log
  }

  repack(bytes: Uint8Array, rules: BatchRules, packing: Packing): Promise<RepackedBatch | Refusal> {
    if (this.#isClosed) return Promise.reject(closed())
    const { promise, resolve, reject } = Promise.withResolvers<RepackedBatch | Refusal>()
    this.#waiting.push({ job: { bytes, rules, packing }, resolve, reject })
    if (this.#waiting.length === 1) this.#next()
    return promise
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#idle?.cancel()
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
    for (const { reject } of this.#waiting.splice(0)) reject(closed())
  }

  /** The bytes are copied, because a message takes with it all of the memory that they lie in. */
  #next(): void {
    const [first] = this.#waiting
    this.#idle?.cancel()
    if (first === undefined) {
      this.#worker?.unref()
      this.#idle = this.#clock.after(idleMs, () => this.#rest())
      return
    }
    const worker = (this.#worker ??= this.#start())
    worker.ref()
    const bytes = new Uint8Array(first.job.bytes)
    worker.postMessage({ ...first.job, bytes } satisfies RepackJob, [bytes.buffer])
  }

  #start(): Worker {
    const worker = new Worker(new URL('./repack-worker.ts', import.meta.url))
    worker.on('message', (result: RepackResult) => {
      if (this.#worker === worker) this.#settle(result)
    })
    worker.on('error', (error) => {
      if (this.#worker !== worker) return
      this.#worker = undefined
      this.#settle({ outcome: 'broken', error })
    })
    return worker
  }

  #settle(result: RepackResult): void {
    const first = this.#waiting.shift()
    switch (result.outcome) {
      case 'judged':
        first?.resolve(result.verdict)
        break
      case 'overloaded':
        first?.reject(new Failure('overloaded', result.message))
        break
      case 'broken': {
        const { error } = result
        this.#log.error({ error }, 'the thread that packs batches anew failed at one')
        first?.reject(new Failure('unavailable', 'the batch could not be packed anew', error))
      }
    }
    this.#next()
  }

  #rest(): void {
    void this.#worker?.terminate()
    this.#worker = undefined
  }
}

const closed = (): Failure => new Failure('closed', 'the broker is stopping')
