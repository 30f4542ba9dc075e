/** The simulation itself: a seed decides everything, and a broken broker does not pass. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { History } from './history.ts'
import { simulate } from './simulation.ts'

for (const kind of ['embedded', 'fleet'] as const) {
  test(`the same seed gives the same trace: ${kind}`, async () => {
    const options = { seed: 42, kind, faultMs: 1_500 }
    const [first, second] = [await simulate(options), await simulate(options)]
    assert.ok(first.trace.length > 100, 'the trace tells something')
    assert.deepEqual(first.trace, second.trace)
  })
}

test('another seed gives another trace', async () => {
  const [first, second] = [
    await simulate({ seed: 1, faultMs: 1_500 }),
    await simulate({ seed: 2, faultMs: 1_500 }),
  ]
  assert.notDeepEqual(first.trace, second.trace)
})

/** Each: what a broken broker would make clients see, and the invariant that must notice. */
const lies: readonly (readonly [string, (history: History) => void, RegExp])[] = [
  [
    'an acknowledged record is lost',
    (history) => {
      history.acknowledge(history.send(sent('a')), 0)
      history.check(new Map([[0, []]]))
    },
    /W1/,
  ],
  [
    'an offset is given twice',
    (history) => {
      history.acknowledge(history.send(sent('a')), 0)
      history.acknowledge(history.send(sent('b')), 0)
    },
    /W2/,
  ],
  [
    'a refused record appears',
    (history) => {
      history.refuse(history.send(sent('a')))
      history.check(new Map([[0, [{ offset: 0, value: 'a' }]]]))
    },
    /W4/,
  ],
  [
    'a retry appears twice',
    (history) => {
      history.acknowledge(history.send(sent('a')), 0)
      const twice = [0, 1].map((offset) => ({ offset, value: 'a' }))
      history.check(new Map([[0, twice]]))
    },
    /W5/,
  ],
  [
    'an offset holds another record later',
    (history) => {
      history.read(0, 3, 'a')
      history.read(0, 3, 'b')
    },
    /R2/,
  ],
  [
    'a producer is reordered',
    (history) => {
      history.acknowledge(history.send(sent('a', 0)), 1)
      history.acknowledge(history.send(sent('b', 1)), 0)
      const swapped = ['b', 'a'].map((value, offset) => ({ offset, value }))
      history.check(new Map([[0, swapped]]))
    },
    /W6/,
  ],
]

function sent(value: string, order = 0): Parameters<History['send']>[0] {
  return { value, partition: 0, producer: 'p', order, isIdempotent: true }
}

for (const [what, lie, invariant] of lies) {
  test(`it is noticed when ${what}`, () => {
    assert.throws(() => lie(new History()), invariant)
  })
}
