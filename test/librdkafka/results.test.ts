import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { addResults, readResults } from './results.ts'
import type { Result } from './results.ts'

const result = (name: string, changes: Partial<Result> = {}): Result => ({
  subject: 'karst',
  mode: 'classic',
  version: 'abc1234',
  date: '2026-11-20',
  test: name,
  state: 'failed',
  detail: '',
  seconds: 1,
  ...changes,
})

test('a new result replaces only the old one of its subject, mode and test', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'karst-results-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = path.join(folder, 'new/results.json')
  assert.deepEqual(await readResults(file), [])

  await addResults(file, [result('0001_a'), result('0001_a', { mode: 'consumer' })])
  await addResults(file, [result('0001_a', { state: 'passed' }), result('0000_b')])

  const states = (await readResults(file)).map(({ test: name, mode, state }) => [name, mode, state])
  assert.deepEqual(states, [
    ['0000_b', 'classic', 'failed'],
    ['0001_a', 'classic', 'passed'],
    ['0001_a', 'consumer', 'failed'],
  ])
})
