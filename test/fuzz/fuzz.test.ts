import { test } from 'node:test'
import { fuzzRounds } from './rounds.ts'

test('one round of damaged frames and batches: nothing escapes, hangs or is held', async () => {
  await fuzzRounds({ seed: 1, count: 20_000 })
})
