/**
 * Jobs for a thread of its own, one after another, so that the memory it takes is that of one job,
 * or of the few that are given ahead. Those that wait lie in the memory of whoever gave them.
 */
import { Worker } from 'node:worker_threads'
import type { Clock, Timer } from './clock.ts'
import { Failure } from './errors.ts'

/** A thread that has nothing to do costs some 10 MB; it ends after so long, milliseconds. */
const idleMs = 30_000

export interface WorkerLineLimits {
  /** A job that takes longer fails, and its thread is ended: others wait behind it. */
  readonly jobMsMax?: number
  /** Jobs that the thread has at once, so that it need not wait for the next; default 1. */
  readonly ahead?: number
  /** What may leave with them; beyond, it has one. Default: no bound but `ahead`. */
  readonly aheadBytes?: number
}

interface Waiting<Job, Result> {
  readonly job: Job
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

export class WorkerLine<Job, Result> {
  readonly #clock: Clock
  readonly #url: URL
  readonly #transferred: (job: Job) => { readonly job: Job; readonly memory: ArrayBuffer[] }
  readonly #limits: WorkerLineLimits
  #deadline: Timer | undefined
  #worker: Worker | undefined
  #idle: Timer | undefined
  #isClosed = false
  /** The first is under way. */
  readonly #waiting: Waiting<Job, Result>[] = []
  /** Those of them that lie with the thread, by the bytes that left with them, in their order. */
  #given: number[] = []

  /**
   * @param transferred the job with bytes of its own, which leave with the message; again where a
   *   thread has ended.
   */
  constructor(
    clock: Clock,
    url: URL,
    transferred: (job: Job) => { readonly job: Job; readonly memory: ArrayBuffer[] },
    limits: WorkerLineLimits = {},
  ) {
    this.#clock = clock
    this.#url = url
    this.#transferred = transferred
    this.#limits = limits
  }

  /**
   * Resolves with what the thread answers (serve-line.ts).
   *
   * @throws Failure 'closed' | 'overloaded': it took longer than a job may.
   * @throws what ended the thread.
   */
  run(job: Job): Promise<Result> {
    if (this.#isClosed) return Promise.reject(closed())
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    this.#waiting.push({ job, resolve, reject })
    this.#next()
    return promise
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#idle?.cancel()
    this.#deadline?.cancel()
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
    for (const { reject } of this.#waiting.splice(0)) reject(closed())
  }

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
    const { jobMsMax } = this.#limits
    while (this.#takesMore()) {
      const { job, memory } = this.#transferred((this.#waiting[this.#given.length] ?? first).job)
      this.#given.push(memory.reduce((sum, { byteLength }) => sum + byteLength, 0))
      worker.postMessage(job, memory)
    }
    if (jobMsMax !== undefined) {
      this.#deadline ??= this.#clock.after(jobMsMax, () => this.#giveUp(jobMsMax))
    }
  }

  #takesMore(): boolean {
    const { ahead = 1, aheadBytes = Infinity } = this.#limits
    const given = this.#given
    if (given.length >= Math.min(ahead, this.#waiting.length)) return false
    return given.length === 0 || given.reduce((sum, bytes) => sum + bytes, 0) < aheadBytes
  }

  #giveUp(jobMsMax: number): void {
    void this.#worker?.terminate()
    this.#lost()
    const late = new Failure('overloaded', `not done after ${jobMsMax} ms`)
    this.#settle((first) => first.reject(late))
  }

  #start(): Worker {
    const worker = new Worker(this.#url)
    worker.on('message', (result: Result) => {
      if (this.#worker === worker) this.#settle((first) => first.resolve(result))
    })
    worker.on('error', (error) => {
      if (this.#worker !== worker) return
      this.#lost()
      this.#settle((first) => first.reject(error))
    })
    return worker
  }

  /** What lay with the thread is given to the next one. */
  #lost(): void {
    this.#worker = undefined
    this.#given = []
  }

  #settle(settle: (first: Waiting<Job, Result>) => void): void {
    this.#deadline?.cancel()
    this.#deadline = undefined
    this.#given.shift()
    const first = this.#waiting.shift()
    if (first !== undefined) settle(first)
    this.#next()
  }

  #rest(): void {
    void this.#worker?.terminate()
    this.#worker = undefined
  }
}

const closed = (): Failure => new Failure('closed', 'the broker is stopping')
