/** `npm run fuzz -- --count 1000000 --seed 1`: prints the command that repeats a failure. */
import { parseArgs } from 'node:util'
import { fuzzRounds, RoundFailed, roundInputs } from './rounds.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    round: { type: 'string', default: '0' },
  },
})
const count = Number(values.count)
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const startMs = performance.now()

try {
  console.log(`fuzz: ${count} inputs, seed ${seed}`)
  await fuzzRounds({
    seed,
    count,
    round: Number(values.round),
    progress: (done, bytes) => {
      const seconds = ((performance.now() - startMs) / 1_000).toFixed(0)
      console.log(`${done} in ${seconds} s, ${(bytes / 1_048_576).toFixed(0)} MiB held`)
    },
  })
  console.log('fuzz: nothing found')
} catch (error) {
  console.error(error)
  const round = error instanceof RoundFailed ? error.round : values.round
  console.error(`repeat: npm run fuzz -- --seed ${seed} --round ${round} --count ${roundInputs}`)
  process.exitCode = 1
}
