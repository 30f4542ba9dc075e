/**
 * Runs background jobs, each by itself and never twice at once: at its interval, and after a
 * failure again, later each time.
 */
import { type Clock, sleep } from '../base/clock.ts'
import { Failure, isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { type Random, randomBelow } from '../base/random.ts'

export interface Job {
  readonly name: string
  /** From the end of one run to the beginning of the next. */
  readonly intervalMs: number
  /** From the start of the broker to the first run. Default: the interval. */
  readonly firstAfterMs?: number
  /** Ends early, in a good state, when `signal` aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>
}

export interface JobStatus {
  readonly name: string
  readonly runs: number
  readonly failures: number
  /** Of the last run; undefined before there was one. */
  readonly lastMs: number | undefined
  /** Why the last run failed; undefined where it did not. */
  readonly lastError: string | undefined
}

export interface JobRunnerDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Told of an error that is no Failure: the program is wrong, and the process must stop. */
  readonly broken: (name: string, error: unknown) => void
}

/** Pauses after failures double from the first to the second. */
const retryMsMin = 1_000
const retryMsMax = 60_000
/** Intervals vary by a tenth, so that jobs do not come together for ever. */
const jitter = 0.1

interface Entry {
  readonly job: Job
  runs: number
  failures: number
  /** Since the last success. */
  failedInRow: number
  lastMs: number | undefined
  lastError: string | undefined
  /** A run that is under way or asked for. */
  running: Promise<void> | undefined
}

export class JobRunner {
  readonly #deps: JobRunnerDeps
  readonly #entries = new Map<string, Entry>()
  readonly #stop = new AbortController()
  readonly #loops: Promise<void>[] = []

  constructor(deps: JobRunnerDeps) {
    this.#deps = deps
  }

  /** Adds a job, which runs from now on. */
  start(job: Job): void {
    const entry: Entry = {
      job,
      runs: 0,
      failures: 0,
      failedInRow: 0,
      lastMs: undefined,
      lastError: undefined,
      running: undefined,
    }
    this.#entries.set(job.name, entry)
    this.#loops.push(this.#loop(entry))
  }

  status(): readonly JobStatus[] {
    return [...this.#entries.values()].map(({ job, runs, failures, lastMs, lastError }) => {
      return { name: job.name, runs, failures, lastMs, lastError }
    })
  }

  /**
   * Runs a job now, behind a run that is under way.
   *
   * @throws Failure as the job does. 'not-found': no such job. 'closed': it is stopping.
   */
  async runNow(name: string): Promise<void> {
    const entry = this.#entries.get(name)
    if (entry === undefined) throw new Failure('not-found', `there is no job ${name}`)
    while (entry.running !== undefined) await entry.running.catch(() => undefined)
    if (this.#stop.signal.aborted) throw new Failure('closed', 'the jobs are stopping')
    await this.#run(entry)
  }

  /** Asks all jobs to end: no run begins any more. */
  end(): void {
    this.#stop.abort()
  }

  /** Asks all jobs to end; resolves when none runs any more. */
  async close(): Promise<void> {
    this.end()
    await Promise.all(this.#loops)
    for (const { running } of this.#entries.values()) await running?.catch(() => undefined)
  }

  async #loop(entry: Entry): Promise<void> {
    const { clock } = this.#deps
    const { job } = entry
    const { signal } = this.#stop
    await sleep(clock, this.#varied(job.firstAfterMs ?? job.intervalMs), signal)
    while (!signal.aborted) {
      while (entry.running !== undefined) await entry.running.catch(() => undefined)
      if (signal.aborted) return
      await this.#run(entry).catch((error: unknown) => this.#report(entry, error))
      await sleep(clock, this.#pauseMs(entry), signal)
    }
  }

  #pauseMs({ job, failedInRow }: Entry): number {
    if (failedInRow === 0) return this.#varied(job.intervalMs)
    return this.#varied(Math.min(retryMsMin * 2 ** (failedInRow - 1), retryMsMax))
  }

  #varied(ms: number): number {
    const tenth = Math.floor(ms * jitter)
    return ms - tenth + randomBelow(this.#deps.random, 2 * tenth + 1)
  }

  #report({ job }: Entry, error: unknown): void {
    if (!isFailure(error)) this.#deps.broken(job.name, error)
    else if (error.kind !== 'closed') {
      const { kind, message } = error
      this.#deps.log.warn({ job: job.name, kind, error: message }, 'a job failed and is retried')
    }
  }

  async #run(entry: Entry): Promise<void> {
    const { clock } = this.#deps
    const beganMs = clock.monotonicMs()
    const running = entry.job.run(this.#stop.signal)
    entry.running = running
    entry.runs++
    try {
      await running
      entry.failedInRow = 0
      entry.lastError = undefined
    } catch (error) {
      entry.failures++
      entry.failedInRow++
      entry.lastError = error instanceof Error ? error.message : String(error)
      throw error
    } finally {
      entry.running = undefined
      entry.lastMs = clock.monotonicMs() - beganMs
    }
  }
}
