/** Reads and compares schemas in a thread of its own, so that clients of the broker need not wait. */
import type { Clock } from '../../base/clock.ts'
import { Failure, isFailure } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { WorkerLine } from '../../base/worker-line.ts'
import { RegistryError } from '../registry-error.ts'
import type { SchemaAnswer, SchemaJob, SchemaJudge } from './schema-job.ts'
import type { WorkerAnswer } from './schema-worker.ts'

/** Milliseconds for one job, thread and all. What is written by people takes one or two. */
const jobMsMax = 10_000
/** Jobs that wait for the thread: half of the requests, so that there is place for the others. */
const waitingMax = 32

export class SchemaThread implements SchemaJudge {
  readonly #log: Log
  readonly #line: WorkerLine<SchemaJob, WorkerAnswer>
  #waiting = 0

  constructor(clock: Clock, log: Log) {
    this.#log = log
    const url = new URL('./schema-worker.ts', import.meta.url)
    this.#line = new WorkerLine(clock, url, (job) => ({ job, memory: [] }), { jobMsMax })
  }

  /** @throws RegistryError 429. Failure 'unavailable' | 'closed' */
  async answer(job: SchemaJob): Promise<SchemaAnswer> {
    if (this.#waiting >= waitingMax) {
      throw new RegistryError(429, `${waitingMax} large schemas are worked on: come again`)
    }
    this.#waiting++
    try {
      return this.#told(await this.#line.run(job).catch(brokenBy))
    } finally {
      this.#waiting--
    }
  }

  close(): Promise<void> {
    return this.#line.close()
  }

  #told(answer: WorkerAnswer): SchemaAnswer {
    if (answer.kind !== 'broken') return answer
    const { error } = answer
    this.#log.error({ error }, 'the thread that works on schemas failed at one')
    throw new Failure('unavailable', 'the schema could not be worked on', error)
  }
}

function brokenBy(error: unknown): WorkerAnswer {
  if (isFailure(error, 'overloaded')) return { kind: 'too-large', message: tooSlow }
  if (isFailure(error)) throw error
  return { kind: 'broken', error }
}

const tooSlow =
  `The schema, or comparing it with the versions before, takes longer than ${jobMsMax} ms: ` +
  'split it into several that refer to each other'
