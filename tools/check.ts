/**
 * `npm run check`: every check that needs no network and no other program, as many at once as there
 * are cores.
 */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'

interface Step {
  readonly name: string
  readonly command: string
}

const steps: readonly Step[] = [
  { name: 'types', command: 'tsc --noEmit -p .' },
  { name: 'format', command: 'oxfmt --check' },
  { name: 'lint', command: 'oxlint --deny-warnings --report-unused-disable-directives' },
  { name: 'dead code', command: 'knip --no-progress' },
  { name: 'tests', command: 'npm run --silent test:unit' },
]

/** Runs one step and prints it whole when it ends, so that parallel steps do not mix. */
async function run(step: Step): Promise<boolean> {
  const begun = performance.now()
  const child = spawn(step.command, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const output: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => output.push(chunk))
  }
  const { promise, resolve } = Promise.withResolvers<number | null>()
  child.on('close', resolve)
  const passed = (await promise) === 0
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${step.name} (${seconds} s): ${step.command}`)
  const text = Buffer.concat(output).toString()
  if (step.name === 'tests') console.log(testSummary(text))
  else if (!passed) console.log(text)
  return passed
}

/** The counts at the end of the test runner's report, and the failures after them. */
const testSummary = (text: string): string => {
  const from = text.indexOf('\nℹ tests ')
  return from === -1 ? text : text.slice(from).trim()
}

const waiting = [...steps]
const failed: string[] = []
async function work(): Promise<void> {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
    if (!(await run(step))) failed.push(step.name)
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, work))
if (failed.length > 0) {
  console.log(`check failed: ${failed.join(', ')}`)
  process.exitCode = 1
}
