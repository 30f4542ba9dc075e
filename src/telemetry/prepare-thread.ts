/**
 * Prepares large requests in a thread of its own: 64 MiB take seconds, in which the broker would
 * answer nobody. Small ones are quicker done than sent.
 */
import { Worker } from 'node:worker_threads'
import type { Clock, Timer } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { prepare, type Prepared, type Preparer, type PrepareRequest } from './prepare.ts'
import type { PrepareJob, PrepareResult } from './prepare-worker.ts'

/** Up to here a request takes at most some 2 ms (JSON; protobuf a third), and most are smaller. */
export const inlineBytesMax: number = 128 * 1024

/** A thread that has nothing to do costs some 10 MB; it ends after so long, milliseconds. */
const idleMs = 30_000

/** Of the thread, beyond which it fails instead of the process: enough for the largest request. */
const heapMegabytesMax = 768

interface Waiting {
  resolve(prepared: Prepared): void
  reject(error: unknown): void
}

export class PrepareThread implements Preparer {
  readonly #clock: Clock
  readonly #log: Log
  #worker: Worker | undefined
  #idle: Timer | undefined
  #nextId = 0
  readonly #waiting = new Map<number, Waiting>()

  constructor(clock: Clock, log: Log) {
    this.#clock = clock
    this.#log = log
  }

  /** The body of a large request belongs to the thread afterwards. */
  async prepare(request: PrepareRequest): Promise<Prepared> {
    if (request.body.length <= inlineBytesMax) return prepare(request)
    const { promise, resolve, reject } = Promise.withResolvers<Prepared>()
    const worker = (this.#worker ??= this.#start())
    this.#idle?.cancel()
    const id = this.#nextId++
    this.#waiting.set(id, { resolve, reject })
    worker.ref()
    const { buffer, byteLength } = request.body
    const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
    worker.postMessage({ id, request } satisfies PrepareJob, isWhole ? [buffer] : [])
    return promise
  }

  async close(): Promise<void> {
    this.#idle?.cancel()
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
    this.#fail(new Failure('closed', 'the receiver has stopped'))
  }

  #start(): Worker {
    const worker = new Worker(new URL('./prepare-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytesMax },
    })
    worker.on('message', (result: PrepareResult) => this.#settle(result))
    worker.on('error', (error) => {
      if (this.#worker !== worker) return
      this.#worker = undefined
      this.#log.error({ error }, 'the thread that prepares telemetry failed; the next will be new')
      this.#fail(new Failure('unavailable', 'the request could not be prepared', error))
    })
    return worker
  }

  #settle(result: PrepareResult): void {
    const waiting = this.#waiting.get(result.id)
    this.#waiting.delete(result.id)
    if ('prepared' in result) waiting?.resolve(result.prepared)
    else waiting?.reject(result.error)
    if (this.#waiting.size > 0) return
    this.#worker?.unref()
    this.#idle = this.#clock.after(idleMs, () => {
      void this.#worker?.terminate()
      this.#worker = undefined
    })
  }

  #fail(failure: Failure): void {
    for (const waiting of this.#waiting.values()) waiting.reject(failure)
    this.#waiting.clear()
  }
}
