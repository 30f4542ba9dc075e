/** Holds batches to contracts in a thread of its own. */
import type { Clock } from '../../base/clock.ts'
import { Failure, isFailure } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { WorkerLine } from '../../base/worker-line.ts'
import type { CheckJob, CheckResult } from './check-worker.ts'
import { nothingTold, type ToldSchemas } from './held-schemas.ts'
import type { JudgedBatch } from './judge-batch.ts'
import type { Policy } from './policy.ts'
import type { RecordChecker } from './record-checker.ts'

/**
 * A batch that takes longer is refused, milliseconds: others wait behind it. Every part of a check
 * has a limit of its own, so that this one is for thousands of records that each come near to it.
 */
const batchMsMax = 30_000
const tooSlow = `its records cannot be checked within ${batchMsMax} ms: send fewer in a batch`

/** Batches that lie with the thread: it need not wait while answers are on their way. */
const ahead = 8
/** Of them together; larger batches come one by one. */
const aheadBytes = 1024 * 1024
/** Policies that the thread is known to have; it keeps as many. */
const givenMax = 500

export class CheckThread implements RecordChecker {
  readonly #log: Log
  readonly #line: WorkerLine<CheckJob, CheckResult>
  /** Names of policies that were given to the thread; one that it has lost it asks for. */
  readonly #given = new Set<string>()

  constructor(clock: Clock, log: Log) {
    this.#log = log
    const url = new URL('./check-worker.ts', import.meta.url)
    this.#line = new WorkerLine(
      clock,
      url,
      ({ bytes, ...rest }) => {
        // Copied, because a message takes with it all of the memory that they lie in.
        const own = Buffer.allocUnsafeSlow(bytes.length)
        own.set(bytes)
        return { job: { ...rest, bytes: own }, memory: [own.buffer] }
      },
      { jobMsMax: batchMsMax, ahead, aheadBytes },
    )
  }

  async check(
    policy: Policy,
    bytes: Uint8Array,
    told: ToldSchemas = nothingTold,
  ): Promise<JudgedBatch> {
    const { name } = policy
    const given = this.#given.has(name) ? {} : { policy }
    const job = { name, bytes, told, ...given }
    const result = await this.#line.run(job).catch((error: unknown) => {
      if (isFailure(error, 'overloaded')) throw new Failure('invalid', tooSlow)
      if (isFailure(error)) throw error
      return { outcome: 'broken', error } as const
    })
    switch (result.outcome) {
      case 'checked':
        this.#give(name)
        return result.verdict
      case 'unknown-policy':
        this.#given.delete(name)
        return this.check(policy, bytes, told)
      case 'invalid':
        throw new Failure('invalid', result.message)
      case 'broken': {
        const { error } = result
        this.#log.error({ error, policy: name }, 'a batch could not be held to its contract')
        throw new Failure('unavailable', 'the batch could not be held to its contract', error)
      }
    }
  }

  #give(name: string): void {
    if (this.#given.size >= givenMax) this.#given.clear()
    this.#given.add(name)
  }

  close(): Promise<void> {
    return this.#line.close()
  }
}
