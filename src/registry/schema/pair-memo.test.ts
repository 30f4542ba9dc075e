import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgePairs, pairsDepthMax } from './pair-memo.ts'
import type { PairMemo } from './pair-memo.ts'
import type { Incompatibility } from './schema-format.ts'

const broken: readonly Incompatibility[] = [{ rule: 'BROKEN', path: '#', message: 'broken' }]

/** Schemas that refer to each other: a node is broken itself, or by what it needs. */
interface Node {
  readonly broken?: boolean
  readonly all?: readonly (() => Node)[]
  /** One of these is enough. */
  readonly some?: readonly (() => Node)[]
}

const judge = (memo: PairMemo, node: Node): readonly Incompatibility[] =>
  memo.judge(node, node, () => {
    if (node.broken === true) return broken
    const all = (node.all ?? []).flatMap((each) => judge(memo, each()))
    if (all.length > 0) return all
    const some = node.some ?? []
    return some.length > 0 && some.every((each) => judge(memo, each()).length > 0) ? broken : []
  })
const verdict = (node: Node): boolean => judgePairs((memo) => judge(memo, node)).length === 0

test('a pair that comes back to itself holds where nothing else breaks it', () => {
  const loop: Node = { all: [() => loop] }
  assert.ok(verdict(loop))
  const bad: Node = { all: [() => bad, () => ({ broken: true })] }
  assert.ok(!verdict(bad))
})

test('what was concluded from a pair that failed in the end is judged again', () => {
  // `first` is broken, and `other` was judged believing in it: it must not be taken in its place.
  const first: Node = { all: [() => other, () => ({ broken: true })] }
  const other: Node = { all: [() => first] }
  assert.ok(!verdict({ some: [() => first, () => other] }))
  const fine: Node = {}
  assert.ok(verdict({ some: [() => first, () => other, () => fine] }))
})

test('a chain deeper than the limit is not followed', () => {
  let chain: Node = {}
  for (let depth = 0; depth < pairsDepthMax; depth++) {
    const next = chain
    chain = { all: [() => next] }
  }
  const [found] = judgePairs((memo) => judge(memo, chain))
  assert.equal(found?.rule, 'SCHEMA_TOO_COMPLEX')
})
