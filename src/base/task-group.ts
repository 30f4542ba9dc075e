/** Names every long-lived task of a process. The first failure stops all, in reverse order. */
import { Failure } from './errors.ts'

interface Task {
  readonly name: string
  readonly stop: () => void | Promise<void>
}

export class TaskGroup {
  readonly #tasks: Task[] = []
  readonly #failed: (error: Error) => void
  /** Rejects with the first failure of a task, named; never resolves. */
  readonly failure: Promise<never>

  constructor() {
    const { promise, reject } = Promise.withResolvers<never>()
    this.failure = promise
    promise.catch(() => undefined) // whoever awaits it sees it; nobody awaiting it is no crash
    this.#failed = reject
  }

  /** Runs `run` until it ends; a rejection is the group's failure. `stop` must make it end. */
  add(name: string, run: () => Promise<void>, stop: () => void | Promise<void>): void {
    const ended = run().catch((error: unknown) => this.fail(name, error))
    this.#tasks.push({
      name,
      stop: async () => {
        await stop()
        await ended
      },
    })
  }

  /** Only something to stop, after everything that is added later. */
  defer(name: string, stop: () => void | Promise<void>): void {
    this.#tasks.push({ name, stop })
  }

  fail(name: string, error: unknown): void {
    const cause = error instanceof Error ? error : new Failure('unavailable', String(error))
    this.#failed(new Error(`${name}: ${cause.message}`, { cause }))
  }

  /** Stops every task, last added first, and waits for each. Errors are collected, not lost. */
  async stop(): Promise<void> {
    const errors: unknown[] = []
    for (const task of this.#tasks.toReversed()) {
      try {
        await task.stop()
      } catch (error) {
        errors.push(new Error(`stopping ${task.name}`, { cause: error }))
      }
    }
    this.#tasks.length = 0
    if (errors.length > 0) throw new AggregateError(errors, 'not everything stopped cleanly')
  }
}
