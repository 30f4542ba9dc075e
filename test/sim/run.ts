/**
 * Runs the simulation: `node test/sim/run.ts --seconds 60` on fresh seeds, of one broker and of a
 * fleet by turns, `--fleet` or `--embedded` of one kind only, `--seed N` one again, with its log. A
 * failure prints the command that repeats it.
 */
import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import { LogLevels } from '../../src/base/log-levels.ts'
import { pinoLog } from '../../src/base/pino-log.ts'
import { silentLog } from '../../src/base/log.ts'
import { simulate, type SimulationKind } from './simulation.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    from: { type: 'string' },
    trace: { type: 'boolean', default: false },
    fleet: { type: 'boolean', default: false },
    embedded: { type: 'boolean', default: false },
  },
})

/** By the seed, so that a run of both kinds can be repeated. */
function kindOf(seed: number): SimulationKind {
  if (values.fleet !== values.embedded) return values.fleet ? 'fleet' : 'embedded'
  return seed % 2 === 0 ? 'fleet' : 'embedded'
}

async function one(seed: number, isLoud: boolean): Promise<boolean> {
  const write = (line: string): void => void process.stderr.write(line)
  const log = isLoud
    ? pinoLog({ levels: new LogLevels('DEBUG'), format: 'pretty', write })
    : silentLog
  const kind = kindOf(seed)
  try {
    const { trace, acknowledged, crashes } = await simulate({ seed, kind, log })
    if (isLoud) {
      const digest = createHash('sha256').update(trace.join('\n')).digest('hex').slice(0, 16)
      if (values.trace) console.log(trace.join('\n'))
      console.log(
        `${kind} ${seed}: ${acknowledged} acknowledged, ${crashes} crashes, trace ${digest}`,
      )
    }
    return true
  } catch (error) {
    console.error(error)
    if (values.trace) console.error((error as { trace?: string[] }).trace?.join('\n'))
    console.error(`simulation failed; again with: node test/sim/run.ts --${kind} --seed ${seed}`)
    return false
  }
}

const started = performance.now()
let passed = 0
let failed = 0
if (values.seed !== undefined) {
  if (await one(Number(values.seed), true)) passed++
  else failed++
} else {
  const untilMs = started + Number(values.seconds) * 1_000
  const first = Number(values.from ?? Math.floor(Math.random() * 2 ** 31))
  for (let seed = first; performance.now() < untilMs && failed < 3; seed++) {
    if (await one(seed, false)) passed++
    else failed++
  }
}
const tookS = ((performance.now() - started) / 1_000).toFixed(1)
console.log(`simulation: ${passed + failed} seeds in ${tookS} s`)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
