import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { chainOf, type Piece } from './log-chain.ts'

const piece = (baseOffset: number, nextOffset: number, rank = -1): Piece => {
  const place = { objectId: `o${rank}`, position: 0, length: 1, maxTimestampMs: 0, leaderEpoch: 0 }
  return { run: { partitionId: 0, baseOffset, nextOffset, ...place }, isPacked: rank >= 0, rank }
}

const told = (pieces: readonly Piece[], logStart = 0): string => {
  const { links, holes, end } = chainOf(pieces, logStart)
  const parts = links.map(({ piece: { run, rank }, from }) => `${from}-${run.nextOffset}@${rank}`)
  return [...parts, ...holes.map(({ from, to }) => `hole ${from}-${to}`), `end ${end}`].join(' ')
}

test('groups follow what is packed, and what is packed since is taken once', () => {
  assert.equal(
    told([piece(0, 10, 1), piece(10, 12), piece(12, 20)]),
    '0-10@1 10-12@-1 12-20@-1 end 20',
  )
  assert.equal(
    told([piece(10, 12), piece(0, 10, 1), piece(10, 20, 2), piece(12, 20)]),
    '0-10@1 10-20@2 end 20',
  )
})

test('what was compacted last wins over what it replaced', () => {
  assert.equal(told([piece(0, 15, 1), piece(15, 40, 2), piece(0, 40, 3)]), '0-40@3 end 40')
  assert.equal(told([piece(0, 40, 1), piece(0, 15, 3), piece(15, 40, 4)]), '0-15@3 15-40@4 end 40')
})

test('what is lost is a hole, and a log start may lie inside of an extent', () => {
  assert.equal(told([piece(0, 10, 1), piece(12, 20)]), '0-10@1 12-20@-1 hole 10-12 end 20')
  assert.equal(told([piece(0, 10, 1), piece(10, 20, 2)], 15), '10-20@2 end 20')
  assert.equal(told([piece(5, 10, 1)], 2), '5-10@1 hole 2-5 end 10')
  assert.equal(told([], 7), 'end 7')
})

test('a piece that overlaps what is there already is cut', () => {
  assert.equal(told([piece(0, 10, 1), piece(5, 20, 2)]), '0-10@1 10-20@2 end 20')
})

test('whatever was found: nothing twice, and only what nobody holds is a hole', () => {
  const range = fc.tuple(
    fc.nat(60),
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: -1, max: 5 }),
  )
  fc.assert(
    fc.property(fc.array(range, { maxLength: 25 }), fc.nat(30), (ranges, logStart) => {
      const pieces = ranges.map(([base, count, rank]) => piece(base, base + count, rank))
      const { links, holes, end } = chainOf(pieces, logStart)
      const covered = new Set<number>()
      for (const { piece: each, from } of links) {
        for (let offset = Math.max(from, logStart); offset < each.run.nextOffset; offset++) {
          assert.ok(!covered.has(offset), 'once')
          covered.add(offset)
        }
      }
      const holds = (offset: number): boolean =>
        pieces.some(({ run }) => run.baseOffset <= offset && offset < run.nextOffset)
      for (let offset = logStart; offset < end; offset++) {
        const isHole = holes.some(({ from, to }) => from <= offset && offset < to)
        assert.equal(isHole, !holds(offset))
        assert.equal(covered.has(offset), holds(offset))
      }
      assert.ok(!holds(end) || end < logStart)
    }),
  )
})
