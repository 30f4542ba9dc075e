/**
 * Jobs for a thread of its own, one at a time, so that the memory it takes is that of one job.
 * Those that wait lie in the memory of whoever gave them.
 */
import { Worker } from 'node:worker_threads'
import type { Clock, Timer } from './clock.ts'
import { Failure } from './errors.ts'

/** A thread that has nothing to do costs some 10 MB; it ends after so long, milliseconds. */
const idleMs = 30_000

interface Waiting<Job, Result> {
  readonly job: Job
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

export class WorkerLine<Job, Result> {
  readonly #clock: Clock
  readonly #url: URL
  readonly #transferred: (job: Job) => { readonly job: Job; readonly memory: ArrayBuffer[] }
  readonly #jobMsMax: number | undefined
  #deadline: Timer | undefined
  #worker: Worker | undefined
  #idle: Timer | undefined
  #isClosed = false
  /** The first is under way. */
  readonly #waiting: Waiting<Job, Result>[] = []

  /**
   * @param transferred the job with bytes of its own, which leave with the message.
   * @param jobMsMax a job that takes longer fails, and its thread is ended: others wait behind it.
   */
  constructor(
    clock: Clock,
    url: URL,
    transferred: (job: Job) => { readonly job: Job; readonly memory: ArrayBuffer[] },
    jobMsMax?: number,
  ) {
    this.#clock = clock
    this.#url = url
    this.#transferred = transferred
    this.#jobMsMax = jobMsMax
  }

  /**
   * Resolves with what the thread posts back.
   *
   * @throws Failure 'closed' | 'overloaded': it took longer than a job may.
   * @throws what ended the thread.
   */
  run(job: Job): Promise<Result> {
    if (this.#isClosed) return Promise.reject(closed())
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    this.#waiting.push({ job, resolve, reject })
    if (this.#waiting.length === 1) this.#next()
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
    const { job, memory } = this.#transferred(first.job)
    worker.postMessage(job, memory)
    const jobMsMax = this.#jobMsMax
    if (jobMsMax !== undefined) {
      this.#deadline = this.#clock.after(jobMsMax, () => this.#giveUp(jobMsMax))
    }
  }

  #giveUp(jobMsMax: number): void {
    void this.#worker?.terminate()
    this.#worker = undefined
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
      this.#worker = undefined
      this.#settle((first) => first.reject(error))
    })
    return worker
  }

  #settle(settle: (first: Waiting<Job, Result>) => void): void {
    this.#deadline?.cancel()
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
