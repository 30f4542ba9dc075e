import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contractIdOf, isSameOrNext } from './contract-binding.ts'

test('a batch is judged again under the same revision, or the one that follows it', () => {
  assert.equal(contractIdOf('agents@a.decisions@12'), 'agents@a.decisions')
  const cases: [string | null, string | null, boolean][] = [
    [null, null, true],
    ['a@3', 'a@3', true],
    ['a@9', 'a@10', true],
    ['a@3', 'a@5', false],
    ['a@3', 'a@2', false],
    ['a@3', 'b@4', false],
    // What held in between is not known.
    ['a@3', null, false],
    [null, 'a@3', false],
  ]
  for (const [before, after, expected] of cases) {
    assert.equal(isSameOrNext(before, after), expected, `${before} ${after}`)
  }
})
