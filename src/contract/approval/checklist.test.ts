/** The checklist: nothing is met that nobody has looked at. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { isFailure } from '../../base/errors.ts'
import { inference } from '../../../test/contract/inference.ts'
import { eventFields } from '../discovery/event-fields.ts'
import { parseContract } from '../file/parse-contract.ts'
import { approvalChecklist } from './checklist.ts'
import type { CheckItem } from './check-item.ts'
import { evidenceItems, parseEvidence } from './evidence-file.ts'
import type { ClusterFacts, ContractFacts, GroupFacts, StreamFacts } from './stream-facts.ts'

const dayMs = 86_400_000
const nowMs = Date.parse('2026-11-29T12:00:00Z')
const retention = String(180 * dayMs)
const topic = 'ai.norm.acme'

/** All that the contract of `inference` does not say yet. */
const more = `      - {fact: event-id, in: header, at: ce_id}
      - {fact: source, in: header, at: ce_source}
`
const complete = inference.replace(
  '      - {fact: classification, in: catalog}\n',
  (row) => row + more,
)

const group = (more: Partial<GroupFacts> = {}): GroupFacts => {
  return { groupId: 'readers', lag: 0, lost: 0, unreadMs: 10_000, ...more }
}

function contractFacts(text: string, more: Partial<ContractFacts> = {}): ContractFacts {
  const { contract, issues } = parseContract(text)
  assert.ok(contract !== undefined, JSON.stringify(issues))
  const [event] = contract.events
  assert.ok(event !== undefined)
  return {
    ...{ revision: 3, appliedMs: nowMs - 10 * dayMs, approvedBy: null, contract },
    declared: new Set(['ai.compatibility']),
    fields: eventFields(event, undefined),
    drift: [],
    ...more,
  }
}

function factsOf(
  more: Partial<StreamFacts> = {},
  cluster: Partial<ClusterFacts> = {},
): StreamFacts {
  return {
    ...{ topic, lookedMs: nowMs, counted: undefined },
    contract: contractFacts(complete),
    subject: { name: `${topic}-value`, latest: 2, level: 'BACKWARD_TRANSITIVE' },
    cluster: {
      configs: new Map([['retention.ms', retention]]),
      topics: new Set([topic]),
      groups: [group()],
      ...cluster,
    },
    ...more,
  }
}

const entry = (item: string, more = ''): string => {
  const figure = item === 'recovery-time' ? '4 h after a day' : 'as it should be'
  const when = 'on: 2026-11-25, expires: 2026-12-25'
  return `- {item: ${item}, by: eval-lead, ${when}, figure: ${figure}${more}}\n`
}
const all = evidenceItems.map((item) => entry(item)).join('')

const check = (facts: StreamFacts, evidence = all): CheckItem[] =>
  approvalChecklist(facts, parseEvidence(evidence, 'evidence.yaml'))
const stateOf = (items: readonly CheckItem[], item: string): string => {
  const found = items.find((each) => each.item === item)
  return `${found?.state}: ${found?.todo.join('; ')}`
}

test('with all looked at and all tried, all is met', () => {
  const items = check(factsOf())
  assert.deepEqual(
    items.filter(({ state }) => state !== 'met'),
    [],
  )
  assert.equal(items.length, 15)
  for (const { item, evidence } of items) assert.ok(evidence.length > 0, `${item} shows nothing`)
})

test('without anything that was tried, each such item is missing', () => {
  const missing = check(factsOf(), '[]').filter(({ state }) => state !== 'met')
  assert.deepEqual(
    missing.map(({ item, state }) => [item, state]),
    [
      ...['old-shapes', 'header-survival', 'freshness', 'replay-window', 'backfill'],
      ...['transactions', 'dead-letter', 'failure-drill', 'cost', 'approval'],
    ].map((item) => [item, 'missing']),
  )
})

test('under no contract nothing that it would say is met', () => {
  const items = check(factsOf({ contract: undefined, subject: undefined }))
  for (const item of ['declared', 'layers', 'enforced', 'governance', 'rollback', 'approval']) {
    assert.match(stateOf(items, item), /^missing: apply a contract/, item)
  }
})

test('what the contract or the registry does not say is missing', () => {
  const without = (from: string | RegExp, to = ''): CheckItem[] =>
    check(factsOf({ contract: contractFacts(complete.replace(from, to)) }))
  assert.match(
    stateOf(without('team: {name: ai-platform}\n'), 'declared'),
    /missing: name the owner/,
  )
  assert.match(stateOf(without(more), 'layers'), /missing: .*event-id, source/)
  assert.match(stateOf(without(/.*ai\.replay.*\n/), 'rollback'), /missing: declare how/)
  assert.match(stateOf(without(/.*latency.*\n/), 'freshness'), /missing: declare the latency/)
  assert.match(stateOf(without('onViolation: reject', 'onViolation: warn'), 'enforced'), /missing/)
  const bare = without(
    'label\n        logicalType: string\n        classification: internal',
    'label\n        logicalType: string',
  )
  assert.match(stateOf(bare, 'governance'), /missing: give each field a class: label/)
  const [contract, subject] = [contractFacts(complete), factsOf().subject]
  const undeclared = { ...contract, declared: new Set<string>() }
  assert.match(stateOf(check(factsOf({ contract: undeclared })), 'declared'), /ai\.compatibility/)
  const other = { name: '', latest: 1, ...subject, level: 'NONE' }
  assert.match(stateOf(check(factsOf({ subject: other })), 'declared'), /is NONE/)
  const drifted = { ...contract, drift: ['config retention.ms'] }
  assert.match(stateOf(check(factsOf({ contract: drifted })), 'enforced'), /undo the drift/)
})

test('the window is held against retention, groups, and how long recovery takes', () => {
  const replay = (cluster: Partial<ClusterFacts>, evidence = all): string =>
    stateOf(check(factsOf({}, cluster), evidence), 'replay-window')
  assert.match(replay({}), /^met/)
  assert.match(replay({ configs: new Map([['retention.ms', '5000']]) }), /^missing: keep records/)
  assert.match(replay({ configs: new Map([['retention.ms', '-1']]) }), /^met/)
  assert.match(replay({ groups: [group({ lost: 3 })] }), /lost 3 records/)
  assert.match(replay({ groups: [group({ lag: 9, unreadMs: undefined })] }), /further behind/)
  assert.match(replay({ groups: [group({ lag: 9, unreadMs: 31 * dayMs })] }), /further behind/)
  assert.match(replay({ groups: [group({ lag: 9, unreadMs: 7 * dayMs })] }), /^met/)
  const slow = all.replace('4 h after a day', '40 d')
  assert.match(replay({}, slow), /recovering takes 40 d/)
})

test('each sink needs evidence of its own; a quarantine needs its topic', () => {
  const groups = [group({ groupId: 'connect-warehouse' })]
  const sinks = check(factsOf({}, { groups }))
  assert.match(stateOf(sinks, 'header-survival'), /missing: .*of connect-warehouse/)
  assert.match(stateOf(sinks, 'dead-letter'), /missing: .*of connect-warehouse/)
  const of = ', of: connect-warehouse'
  const tried = all + entry('header-survival', of) + entry('dead-letter', of)
  const both = check(factsOf({}, { groups }), tried)
  assert.match(stateOf(both, 'header-survival') + stateOf(both, 'dead-letter'), /^met: met: $/)
  const contract = contractFacts(complete.replace('onViolation: reject', 'onViolation: quarantine'))
  const aside = (topics: string[]): string => {
    return stateOf(check(factsOf({ contract }, { topics: new Set(topics) }), '[]'), 'dead-letter')
  }
  assert.match(aside([topic]), /missing: make the topic ai\.norm\.acme\.quarantine/)
  assert.match(aside([topic, `${topic}.quarantine`]), /^met/)
})

test('what brokers would tell is unknown where none answers', () => {
  const items = check(factsOf({ cluster: undefined }))
  const unknown = items.filter(({ state }) => state === 'unknown').map(({ item }) => item)
  assert.deepEqual(unknown, ['header-survival', 'replay-window', 'dead-letter', 'governance'])
})

test('evidence counts from its day to its end, for its stream, by who may', () => {
  const backfill = (more: string, on = '2026-11-25', expires = '2026-12-25'): string =>
    stateOf(
      check(
        factsOf(),
        `- {item: backfill, by: ops, on: ${on}, figure: 40, expires: ${expires}${more}}`,
      ),
      'backfill',
    )
  assert.match(backfill(''), /^met/)
  assert.match(backfill(`, stream: ${topic}`), /^met/)
  assert.match(backfill(', stream: another'), /^missing/)
  assert.match(backfill('', '2026-11-01', '2026-11-29'), /^met/, 'until the end of its last day')
  assert.match(backfill('', '2026-11-01', '2026-11-28'), /has expired/)
  assert.match(backfill('', '2026-11-30'), /in the future/)
  const approval = (more: Partial<ContractFacts>, evidence = all): string =>
    stateOf(check(factsOf({ contract: contractFacts(complete, more) }), evidence), 'approval')
  assert.match(approval({ appliedMs: nowMs }), /missing: approve it again/)
  assert.match(approval({}, all.replaceAll('by: eval-lead', 'by: intern')), /none of the approvers/)
  assert.match(approval({ approvedBy: 'eval-lead' }, '[]'), /^met/)
  assert.match(approval({ approvedBy: 'intern' }, '[]'), /^missing/)
})

test('the example of evidence can be read', () => {
  const example = path.resolve(import.meta.dirname, '../../../examples/contract/evidence.yaml')
  const found = parseEvidence(readFileSync(example, 'utf8'), example)
  assert.deepEqual(
    found.map(({ item, of, durationMs }) => [item, of, durationMs]),
    [
      ['backfill', undefined, undefined],
      ['recovery-time', 'security-indexer', 4 * 3_600_000],
      ['approval', undefined, undefined],
    ],
  )
})

test('a file of evidence that is wrong tells where', () => {
  const wrong: readonly [string, RegExp][] = [
    ['- {item: backfil}', /evidence\.yaml:1: error: \/0\/item: must be one of old-shapes/],
    ['- {item: cost, by: a, on: 2026-11-25, figure: 1}', /\/0\/expires: is missing/],
    ['- {item: cost, by: a, on: soon, figure: 1, expires: 2026-12-01}', /must be a day such as/],
    ['- {item: cost, by: a, on: 2026-02-31, figure: 1, expires: 2026-12-01}', /must be a day/],
    ['- {item: cost, by: a, on: 2026-11-25, figure: 1, expires: 2026-11-01}', /is before it was/],
    [entry('recovery-time').replace('4 h', 'soon'), /must be a duration, such as 90 min/],
    ['item: cost', /must be a list/],
    ['- {item: cost, who: me}', /there is no field who/],
  ]
  for (const [text, told] of wrong) {
    assert.throws(
      () => parseEvidence(text, 'evidence.yaml'),
      (error) => isFailure(error, 'invalid') && told.test(error.message),
      text,
    )
  }
})
