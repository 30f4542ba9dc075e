/**
 * Kafka's own systems, on Karst, a fleet of Karst or Apache Kafka: transactional copiers, Connect,
 * MirrorMaker 2 and a Streams application, killed and restarted.
 *
 * npm run test:java                                 everything, against Karst
 * npm run test:java -- --target fleet               against three brokers; one at a time is killed
 * npm run test:java -- --target kafka               the same against Apache Kafka
 * npm run test:java -- --only copiers,streams       only these
 * npm run test:java -- --short                      few rounds, as CI does
 * npm run test:java -- --rounds 50 --seed 7         longer; kills at the times of another seed
 *
 * Prints what is happening, and one JSON summary at the end.
 */
import os from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { installSystems } from '../support/install.ts'
import { installS3Server } from '../support/s3-server.ts'
import { connect } from './connect.ts'
import { copiers } from './copiers.ts'
import { mirror } from './mirror.ts'
import { streams } from './streams.ts'
import { withWorld } from './world.ts'
import type { Run, Scenario } from './world.ts'

const scenarios: readonly Scenario[] = [copiers, connect, mirror, streams]
const friendly = 5 // nice: a test must not starve what else runs here

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    target: { type: 'string', default: 'karst' },
    short: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const { target, short } = values
if (target !== 'karst' && target !== 'kafka' && target !== 'fleet') {
  throw new Error(`--target is karst, kafka or fleet, not ${target}`)
}
const rounds = values.rounds === undefined ? undefined : count('--rounds', values.rounds)
const run: Run = { target, short, rounds, seed: count('--seed', values.seed) }
const chosen = choose(values.only)

os.setPriority(friendly)
// Programs end with this process, which a signal alone would end without a word to them.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
await installSystems()
if (target === 'fleet') await installS3Server()
const results: Record<string, unknown> = {}
for (const scenario of chosen) {
  const startedAt = performance.now()
  const result = await play(scenario)
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  results[scenario.name] = { ...result, seconds }
  if ('failed' in result) process.exitCode = 1
}
console.log(JSON.stringify({ ...run, results }, null, 2))
process.exit() // a scenario past its limit may still hold programs, which end with this process

async function play(scenario: Scenario): Promise<object> {
  const limitMs = scenario.limitMs(run)
  const late = sleep(limitMs, undefined, { ref: false }).then(() => {
    throw new Error(`${scenario.name} is not done after ${limitMs} ms`)
  })
  const played = withWorld(scenario.name, run, (world) => scenario.play(world))
  try {
    return await Promise.race([played, late])
  } catch (error) {
    console.error(error)
    return { failed: String(error).split('\n')[0] }
  }
}

function choose(only: string | undefined): readonly Scenario[] {
  if (only === undefined) return scenarios
  const names = only.split(',')
  const unknown = names.filter((name) => scenarios.every((known) => known.name !== name))
  if (unknown.length > 0) {
    const known = scenarios.map(({ name }) => name).join(', ')
    throw new Error(`--only knows ${known}, not ${unknown.join(', ')}`)
  }
  return scenarios.filter(({ name }) => names.includes(name))
}

function count(flag: string, text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  throw new Error(`${flag} is a number, not ${text}`)
}
