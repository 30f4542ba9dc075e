/** Differences are found, gathered and put beside what is known; nothing is lost on the way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareTranscripts } from './compare.ts'
import type { Plain } from './normalize.ts'
import { Findings, judge, matches, versionsText } from './judge.ts'

const step = (answer: Plain) => [{ what: 'Ask', answer }]
const differing = (kafka: Plain, karst: Plain) => compareTranscripts(step(kafka), step(karst))

test('equal answers differ in nothing', () => {
  const answer = { topics: [{ name: 'a', errorCode: 'NONE(0)' }], nodes: [1, 2] }
  assert.deepEqual(differing(answer, structuredClone(answer)), [])
})

test('a difference is told with where it is', () => {
  const kafka = {
    topics: [
      { name: 'a', count: 1 },
      { name: 'b', count: 2 },
    ],
  }
  const karst = {
    topics: [
      { name: 'b', count: 3 },
      { name: 'c', count: 4 },
    ],
  }
  assert.deepEqual(differing(kafka, karst), [
    { path: 'topics[a]', kafka: '{"name":"a","count":1}', karst: 'nothing' },
    { path: 'topics[b].count', kafka: '2', karst: '3' },
    { path: 'topics[c]', kafka: 'nothing', karst: '{"name":"c","count":4}' },
  ])
  assert.deepEqual(differing(null, ''), [{ path: '', kafka: 'null', karst: '""' }])
  assert.deepEqual(differing([], null), [{ path: '', kafka: '[]', karst: 'null' }])
})

test('of two outcomes only the outcome is told', () => {
  const kafka = { errorCode: 'NONE(0)', offset: 5 }
  const karst = { errorCode: 'INVALID_REQUEST(42)', offset: -1 }
  const told = differing(kafka, karst).map(({ path }) => path)
  assert.deepEqual(told, ['errorCode'])
})

test('items of the same name are told apart, and missing steps are seen', () => {
  const twice = [{ name: 'a' }, { name: 'a' }]
  assert.deepEqual(
    differing(twice, [{ name: 'a' }]).map(({ path }) => path),
    ['[a #2]'],
  )
  const one = { what: 'Ask', answer: 1 }
  assert.deepEqual(compareTranscripts([one, one], [one]), [
    { path: '2 Ask:', kafka: '1', karst: 'nothing' },
  ])
})

const known = {
  key: 19,
  case: 'no *',
  path: 'topics[*].errorMessage',
  kafka: 'null',
  reason: 'words help',
}
const difference = { path: 'topics[a].errorMessage', kafka: 'null', karst: '"<words>"' }

test('the same difference of several versions is one finding', () => {
  const findings = new Findings()
  for (const version of [5, 2, 3, 4, 7]) findings.add(19, 'no topics', version, [difference])
  assert.equal(findings.all.length, 1)
  assert.equal(versionsText(findings.all[0]?.versions ?? []), '2-5,7')
})

test('what is listed passes with its reason, other things do not, and gone ones are told', () => {
  const findings = new Findings()
  findings.add(19, 'no topics', 2, [difference])
  findings.add(19, 'no topics', 2, [{ ...difference, kafka: '""' }])
  findings.add(20, 'no topics', 2, [difference])
  const gone = { ...known, case: 'gone' }
  const other = { ...known, case: 'not run' }
  const verdict = judge(findings.all, [known, gone, other], (each) => each.case !== 'not run')
  assert.deepEqual(
    verdict.listed.map(({ key, kafka, reason }) => [key, kafka, reason]),
    [[19, 'null', 'words help']],
  )
  assert.deepEqual(
    verdict.unlisted.map(({ key, kafka }) => [key, kafka]),
    [
      [19, '""'],
      [20, 'null'],
    ],
  )
  assert.deepEqual(verdict.stale, [gone])
})

test('a star is any text, all else is itself', () => {
  assert.ok(matches('topics[*].a', 'topics[b].c[d].a'))
  assert.ok(!matches('topics[*].a', 'topics[b].ab'))
  assert.ok(!matches('a.b', 'aXb'))
  assert.ok(matches('*', ''))
})
