/** Runs the simulation: see `help`. */
import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { inspect, parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { LogLevels } from '../../src/base/log-levels.ts'
import { pinoLog } from '../../src/base/pino-log.ts'
import type { SeedDone, SeedTask } from './seed-worker.ts'
import { simulate, type SimulationKind } from './simulation.ts'

const help = `node test/sim/run.ts [--seconds N | --seeds N] [--fleet | --embedded] [more flags]
node test/sim/run.ts --fleet|--embedded --seed N [--trace]

Runs real brokers on virtual time in a world that fails. A seed decides everything: what is in a
run, how long it lasts, and what goes wrong. A failure prints the command that repeats it.

  --seconds N   fresh seeds for so long (default 60)
  --seeds N     so many fresh seeds
  --fleet       a fleet only; --embedded: one broker only (default: both by turns)
  --from N      the first seed (default: random); the others follow it
  --threads N   so many at once (default: one for each core)
  --seed N      one seed, with the log of the brokers
  --trace       and what clients saw

Ends with 0 when all held, 1 when a seed failed (the third ends the run), 2 on wrong usage.
`

/** Garbage is young: with the default of 16 MiB a tenth of the time went into collecting it. */
const youngMb = 64
const failuresMax = 3
const progressMs = 30_000
const lateMs = 60_000

const { values } = parse()

function parse() {
  try {
    return parseArgs({
      options: {
        seconds: { type: 'string' },
        seeds: { type: 'string' },
        seed: { type: 'string' },
        from: { type: 'string' },
        threads: { type: 'string' },
        trace: { type: 'boolean', default: false },
        fleet: { type: 'boolean', default: false },
        embedded: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    return wrong((error as Error).message)
  }
}

function wrong(what: string): never {
  process.stderr.write(`${what}\n\n${help}`)
  process.exit(2)
}

/** @returns undefined where the flag was not given. */
function numberOf(name: 'seconds' | 'seeds' | 'seed' | 'from' | 'threads'): number | undefined {
  const text = values[name]
  if (text === undefined) return undefined
  if (!/^\d{1,10}$/.test(text)) wrong(`--${name} takes a number, not '${text}'`)
  return Number(text)
}

/** By the seed, so that a run of both kinds can be repeated. */
function kindOf(seed: number): SimulationKind {
  if (values.fleet !== values.embedded) return values.fleet ? 'fleet' : 'embedded'
  return seed % 2 === 0 ? 'fleet' : 'embedded'
}

async function runLoud(seed: number): Promise<boolean> {
  const write = (line: string): void => void process.stderr.write(line)
  const log = pinoLog({ levels: new LogLevels('DEBUG'), format: 'pretty', write })
  const kind = kindOf(seed)
  try {
    const { trace, acknowledged, crashes } = await simulate({ seed, kind, log })
    const digest = createHash('sha256').update(trace.join('\n')).digest('hex').slice(0, 16)
    if (values.trace) console.log(trace.join('\n'))
    console.log(
      `${kind} ${seed}: ${acknowledged} acknowledged, ${crashes} crashes, trace ${digest}`,
    )
    return true
  } catch (error) {
    console.error(error)
    if (values.trace) console.error((error as { trace?: string[] }).trace?.join('\n'))
    return false
  }
}

/** Many seeds, on threads. */
class Seeds {
  readonly #startedMs = performance.now()
  readonly #untilMs: number
  readonly #most: number
  #next: number
  #begun = 0
  #passed = 0
  #failed = 0
  #acknowledged = 0
  #crashes = 0

  constructor() {
    const most = numberOf('seeds')
    const seconds = numberOf('seconds') ?? (most === undefined ? 60 : Infinity)
    this.#untilMs = this.#startedMs + seconds * 1_000
    this.#most = most ?? Infinity
    this.#next = numberOf('from') ?? Math.floor(Math.random() * 2 ** 31)
  }

  async run(threads: number): Promise<boolean> {
    const progress = setInterval(() => process.stderr.write(`${this.#told()}\n`), progressMs)
    await Promise.all(Array.from({ length: threads }, () => this.#thread()))
    clearInterval(progress)
    console.log(this.#told())
    console.log(`${this.#passed} passed, ${this.#failed} failed`)
    return this.#failed === 0
  }

  #told(): string {
    const tookS = ((performance.now() - this.#startedMs) / 1_000).toFixed(1)
    const done = `${this.#passed + this.#failed} seeds in ${tookS} s`
    return `simulation: ${done}; ${this.#acknowledged} acknowledged, ${this.#crashes} crashes`
  }

  #task(): SeedTask | undefined {
    const isOver = performance.now() >= this.#untilMs || this.#failed >= failuresMax
    if (isOver || this.#begun >= this.#most) return undefined
    this.#begun++
    const seed = this.#next++
    return { seed, kind: kindOf(seed) }
  }

  /** A thread that dies, by what nobody caught or for want of memory, has failed its seed. */
  async #thread(): Promise<void> {
    for (let died = true; died;) died = await this.#untilOver()
  }

  /** Resolves with true where the thread died. */
  #untilOver(): Promise<boolean> {
    const worker = new Worker(new URL('./seed-worker.ts', import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: youngMb },
    })
    const { promise, resolve } = Promise.withResolvers<boolean>()
    let task: SeedTask | undefined
    let late: NodeJS.Timeout | undefined
    const more = (): void => {
      clearInterval(late)
      task = this.#task()
      if (task === undefined) return void worker.terminate().then(() => resolve(false))
      const told = `seed ${task.seed} (${task.kind}) goes on for more than a minute\n`
      late = setInterval(() => process.stderr.write(told), lateMs)
      worker.postMessage(task, [])
    }
    worker.on('error', (error) => {
      clearInterval(late)
      if (task === undefined) throw error
      this.#count({ ...task, acknowledged: 0, crashes: 0, failure: inspect(error) })
      resolve(true)
    })
    worker.on('message', (done: SeedDone) => {
      this.#count(done)
      more()
    })
    more()
    return promise
  }

  #count({ seed, kind, failure, acknowledged, crashes }: SeedDone): void {
    this.#acknowledged += acknowledged
    this.#crashes += crashes
    if (failure === undefined) this.#passed++
    else {
      this.#failed++
      console.error(failure)
      const again = `node test/sim/run.ts --${kind} --seeds 1 --from ${seed}`
      console.error(`simulation failed; again with: ${again} (--seed ${seed}: with a log)`)
    }
  }
}

if (values.help) {
  process.stdout.write(help)
  process.exit(0)
}
const seed = numberOf('seed')
const threads = numberOf('threads') ?? availableParallelism()
if (threads === 0) wrong('--threads takes a number above 0')
const allHeld = seed === undefined ? await new Seeds().run(threads) : await runLoud(seed)
process.exit(allHeld ? 0 : 1)
