import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { Results } from './results.ts'
import type { Result } from './results.ts'

const round = { subject: 'karst', mode: 'classic' } as const

const result = (name: string, changes: Partial<Result> = {}): Result => ({
  ...round,
  version: 'abc1234',
  date: '2026-11-20',
  test: name,
  state: 'failed',
  detail: '',
  seconds: 1,
  ...changes,
})

async function openResults(t: TestContext): Promise<Results> {
  const folder = await mkdtemp(path.join(tmpdir(), 'karst-results-'))
  t.after(() => rm(folder, { recursive: true }))
  return new Results(path.join(folder, 'new'))
}

test('a new result replaces only the old one of its subject, mode and test', async (t) => {
  const results = await openResults(t)
  assert.deepEqual(await results.read(round), [])

  await results.add(round, [result('0001_a')])
  const other = { ...round, mode: 'consumer' } as const
  await results.add(other, [result('0001_a', { mode: 'consumer' })])
  await results.add(round, [result('0001_a', { state: 'passed' }), result('0000_b')])

  const states = (await results.read(round)).map(({ test: name, state }) => [name, state])
  assert.deepEqual(states, [
    ['0000_b', 'failed'],
    ['0001_a', 'passed'],
  ])
  assert.equal((await results.read(other))[0]?.state, 'failed')
})

test('results that come together are all kept', async (t) => {
  const results = await openResults(t)
  const names = Array.from({ length: 20 }, (_, at) => `00${10 + at}_test`)
  await Promise.all(names.map((name) => results.add(round, [result(name)])))
  const kept = (await results.read(round)).map(({ test: name }) => name)
  assert.deepEqual(kept, names)
})
