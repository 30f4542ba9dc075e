/**
 * How the write-ahead log gets back into the database file, without holding up the thread that
 * commits.
 */
import { Worker } from 'node:worker_threads'
import { Failure } from '../base/errors.ts'
import type { Mutex } from '../base/mutex.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

/** Asking for the length of the log costs some µs, so not after every commit. */
const commitsPerLook = 16

/** Frames of 4 KiB that wait to be copied: enough that a page which changes often is copied once. */
const copyFrames = 1_024

/** From here on the log is emptied whole, so that it is written from its start again: 16 MiB. */
const restartFrames = 4_096

/**
 * Runs in a thread of its own: a checkpoint takes 2 to 8 ms, 380 ms were seen on a busy disk. As
 * text, because a bundle has no second file. It opens the database only when it is first asked.
 */
const workerSource = `
const { parentPort, workerData } = require('node:worker_threads')
const { DatabaseSync } = require('node:sqlite')
let database
parentPort.on('message', () => {
  try {
    database ??= new DatabaseSync(workerData, { timeout: 1000 })
    database.exec('PRAGMA synchronous = FULL; PRAGMA checkpoint_fullfsync = ON;')
    database.exec('PRAGMA wal_checkpoint(PASSIVE)')
    parentPort.postMessage('')
  } catch (error) {
    parentPort.postMessage(String(error))
  }
})`

export class SqliteCheckpoints {
  readonly #path: string
  readonly #writing: Mutex
  readonly #failed: (failure: Failure) => void
  #worker: Worker | undefined
  #running: Promise<void> | undefined
  #stopped = false
  #commits = 0

  /**
   * @param writing held by every transaction that writes.
   * @param failed told of a checkpoint that failed; the log grows until a later one succeeds.
   */
  constructor(path: string, writing: Mutex, failed: (failure: Failure) => void) {
    this.#path = path
    this.#writing = writing
    this.#failed = failed
  }

  /** Call between transactions of `writer`. Never fails: what was committed is committed. */
  afterCommit(writer: SqliteConnection): void {
    if (++this.#commits < commitsPerLook || this.#stopped || this.#running !== undefined) return
    this.#commits = 0
    this.#running = this.#run(writer)
      .catch((error: unknown) => {
        this.#failed(new Failure('unavailable', `checkpoint of ${this.#path} failed`, error))
      })
      .finally(() => {
        this.#running = undefined
      })
  }

  /** Resolves once none runs and none will. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
    await this.#worker?.terminate()
  }

  /**
   * The bulk is copied beside commits. They add to the log meanwhile, so it is never copied whole;
   * the little that is left is copied while commits wait, and the next one starts the log again.
   */
  async #run(writer: SqliteConnection): Promise<void> {
    const [, frames = 0, copied = 0] = writer.numbers('PRAGMA wal_checkpoint(NOOP)')
    if (frames - copied < copyFrames) return
    await this.#checkpoint()
    if (frames >= restartFrames) await this.#writing.run(() => this.#checkpoint())
  }

  #checkpoint(): Promise<void> {
    const worker = (this.#worker ??= new Worker(workerSource, {
      eval: true,
      workerData: this.#path,
      name: 'catalog checkpoints',
    }))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const answered = (problem: string): void => {
      if (problem === '') resolve()
      else reject(new Error(problem))
    }
    const died = (error: unknown): void => {
      this.#worker = undefined
      reject(error instanceof Error ? error : new Error(`the thread ended with ${String(error)}`))
    }
    worker.ref()
    worker.once('message', answered).once('error', died).once('exit', died)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage('checkpoint')
    return promise.finally(() => {
      worker.off('message', answered).off('error', died).off('exit', died)
      worker.unref()
    })
  }
}
