/** The contract of rows: what is written is read, by key and by range, whatever came between. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { commitRow, contractTests, offsetRow, partitionRow } from './contract-subject.ts'
import type { ContractSubject, ContractTraits } from './contract.ts'
import { catalogLimits, type CatalogDatabase, type KeyRange, sentWithCommit } from './database.ts'
import { commitLog, groupOffsets, partitions, topics, type GroupOffsetRow } from './schema.ts'
import { compareKeys, keyOf, type Key } from './table.ts'

export function contractOfRows(
  name: string,
  traits: ContractTraits,
  open: () => Promise<ContractSubject>,
): void {
  const on = contractTests(name, open)
  on('reads what was put, in the order asked, undefined where there is nothing', getsRows)
  on('keeps every type of column whole', keepsTypes)
  on('inserts what is absent and says so, row by row', insertsAbsent)
  on('updates what is locked, and nothing else', updatesLocked)
  on('deletes what is there and counts it', deletesRows)
  on('shares no bytes with its callers', sharesNothing)
  on('refuses rows, keys and ranges that the descriptor does not allow', refusesWrongRows)
  on('reads ranges as a sorted model does', (database) => matchesModel(database, traits.runs))
}

async function getsRows(database: CatalogDatabase): Promise<void> {
  await database.transaction('fill', (tx) =>
    tx.put(partitions, [partitionRow(3), partitionRow(1), partitionRow(2, { logEnd: 7 })]),
  )
  const read = await database.snapshot('read', (tx) => tx.get(partitions, [[2], [9], [1], [2]]))
  assert.deepEqual(read, [
    partitionRow(2, { logEnd: 7 }),
    undefined,
    partitionRow(1),
    partitionRow(2, { logEnd: 7 }),
  ])
  assert.deepEqual(await database.snapshot('read', (tx) => tx.get(partitions, [])), [])
}

async function keepsTypes(database: CatalogDatabase): Promise<void> {
  const rows = [
    offsetRow('', 't', 0, { offset: Number.MAX_SAFE_INTEGER, metadata: '\u{1f600} ÄÖ " \'' }),
    offsetRow('g"; --', 't', 0, { offset: Number.MIN_SAFE_INTEGER, expiresMs: 1 }),
  ]
  const bytes = Uint8Array.from({ length: 40_000 }, (_, at) => at % 251)
  const commits = [commitRow(1, 1), commitRow(1, 2, { manifest: bytes, outcomes: bytes.slice(5) })]
  await database.transaction('fill', async (tx) => {
    await tx.put(commitLog, commits)
    await tx.put(groupOffsets, rows)
  })
  await database.snapshot('read', async (tx) => {
    assert.deepEqual(await tx.scan(groupOffsets, { prefix: [], limit: 10 }), rows)
    assert.deepEqual(await tx.get(commitLog, [[1, 1], [1, 2]]), commits) // prettier-ignore
  })
}

async function updatesLocked(database: CatalogDatabase): Promise<void> {
  const rows = [partitionRow(1), partitionRow(2), partitionRow(3)]
  await database.transaction('fill', (tx) => tx.put(partitions, rows))
  const recentProducers = Uint8Array.of(1, 1, 7)
  const changed = [partitionRow(3, { logEnd: 9 }), partitionRow(1, { recentProducers })]
  await database.transaction('update', async (tx) => {
    await tx.lock(partitions, [[1], [3]], 'exclusive')
    await tx.update(partitions, changed, ['logEnd', 'recentProducers'])
    assert.deepEqual(await tx.get(partitions, [[3], [1]]), changed)
  })
  const read = await database.snapshot('read', (tx) => tx.get(partitions, [[3], [1], [2]]))
  assert.deepEqual(read, [...changed, partitionRow(2)])
  await assert.rejects(
    database.transaction('update', async (tx) => {
      await tx.lock(partitions, [[1]], 'exclusive')
      sentWithCommit([tx.update(partitions, [partitionRow(1), partitionRow(2)], ['logEnd'])])
    }),
    /partition \[2\] is changed, and not locked/,
  )
  assert.deepEqual(await database.snapshot('read', (tx) => tx.get(partitions, [[3], [1]])), changed)
}

async function insertsAbsent(database: CatalogDatabase): Promise<void> {
  const [one, two, three] = [partitionRow(1), partitionRow(2), partitionRow(3)]
  await database.transaction('fill', (tx) => tx.put(partitions, [two]))
  const inserted = await database.transaction('insert', (tx) =>
    tx.insert(partitions, [three, { ...two, logEnd: 5 }, one, { ...one, logEnd: 5 }]),
  )
  assert.deepEqual(inserted, [true, false, true, false])
  const rows = await database.snapshot('read', (tx) =>
    tx.scan(partitions, { prefix: [], limit: 9 }),
  )
  assert.deepEqual(rows, [one, two, three])
}

async function deletesRows(database: CatalogDatabase): Promise<void> {
  await database.transaction('fill', (tx) =>
    tx.put(
      partitions,
      [1, 2, 3].map((id) => partitionRow(id)),
    ),
  )
  const deleted = await database.transaction('delete', async (tx) => {
    const count = await tx.delete(partitions, [[3], [9], [1]])
    assert.deepEqual(await tx.get(partitions, [[1], [2]]), [undefined, partitionRow(2)])
    assert.deepEqual(await tx.insert(partitions, [partitionRow(3, { logEnd: 1 })]), [true])
    return count
  })
  assert.equal(deleted, 2)
  const rows = await database.snapshot('read', (tx) =>
    tx.scan(partitions, { prefix: [], limit: 9 }),
  )
  assert.deepEqual(rows, [partitionRow(2), partitionRow(3, { logEnd: 1 })])
}

async function sharesNothing(database: CatalogDatabase): Promise<void> {
  // A Buffer's slice would be a view of the same memory.
  const row = commitRow(1, 1, { manifest: Buffer.from([1, 2, 3]) })
  const key: Key = [1, 1]
  await database.transaction('fill', async (tx) => {
    await tx.put(commitLog, [row])
    row.manifest[0] = 9
    row.state = 'cancelled'
    const [own] = await tx.get(commitLog, [key])
    assert.ok(own)
    assert.deepEqual([...own.manifest], [1, 2, 3])
    own.manifest[1] = 9
  })
  const [read] = await database.snapshot('read', (tx) => tx.get(commitLog, [key]))
  assert.equal(read?.state, 'committed')
  assert.deepEqual([...(read?.manifest ?? [])], [1, 2, 3])
}

async function refusesWrongRows(database: CatalogDatabase): Promise<void> {
  const refused = { name: 'AssertionFailed' }
  const wrong = (changes: object) => ({ ...partitionRow(1), ...changes })
  for (const row of [
    wrong({ logEnd: 0.5 }),
    wrong({ topicId: null }),
    wrong({ logEnd: 2 ** 53 }),
  ]) {
    await assert.rejects(
      database.transaction('put', (tx) => tx.put(partitions, [row])),
      refused,
    )
    await assert.rejects(
      database.transaction('put', (tx) => tx.insert(partitions, [row])),
      refused,
    )
  }
  for (const key of [[], [1, 1], ['1']]) {
    await assert.rejects(
      database.snapshot('get', (tx) => tx.get(partitions, [key])),
      refused,
    )
  }
  for (const limit of [0, -1, 1.5, Infinity, catalogLimits.scanRowsMax + 1]) {
    const scan = database.snapshot('scan', (tx) => tx.scan(topics, { prefix: [], limit }))
    await assert.rejects(scan, refused)
  }
  const rows = await database.snapshot('read', (tx) =>
    tx.scan(partitions, { prefix: [], limit: 9 }),
  )
  assert.deepEqual(rows, [])
}

interface Change {
  readonly verb: 'put' | 'insert' | 'delete'
  readonly key: Key
  readonly offset: number
}

interface Step {
  readonly changes: readonly Change[]
  readonly ranges: readonly KeyRange[]
  readonly commits: boolean
}

// U+FF5E sorts behind U+1F600 by UTF-16 unit, and before it as UTF-8 and as code points.
const text = fc.constantFrom('', 'a', 'aa', 'b', 'B', 'ä', '\uff5e', '\u{1f600}')
const part = fc.integer({ min: -1, max: 2 })
const offset = fc.integer({ min: 0, max: 1000 })
const verb = fc.constantFrom('put' as const, 'insert' as const, 'delete' as const)
const change: fc.Arbitrary<Change> = fc.record({ verb, key: fc.tuple(text, text, part), offset })

/** Every length of prefix and bounds, with values that are often there. */
const range: fc.Arbitrary<KeyRange> = fc
  .record({
    key: fc.tuple(text, text, part),
    bounds: fc.array(fc.tuple(text, text, part), { minLength: 3, maxLength: 3 }),
    prefixColumns: fc.integer({ min: 0, max: 3 }),
    boundColumns: fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 0, max: 3 }))),
    limit: fc.integer({ min: 1, max: 12 }),
    descending: fc.boolean(),
  })
  .map(({ key, bounds, prefixColumns, boundColumns, limit, descending }) => {
    const bound = (at: number): Key | undefined => {
      const columns = bounds[at]?.slice(prefixColumns, prefixColumns + (boundColumns[at] ?? 0))
      return columns === undefined || columns.length === 0 ? undefined : columns
    }
    const [after, from, before] = [bound(0), bound(1), bound(2)]
    return {
      prefix: key.slice(0, prefixColumns),
      limit,
      descending,
      ...(after === undefined ? {} : { after }),
      ...(from === undefined ? {} : { from }),
      ...(before === undefined ? {} : { before }),
    }
  })

const step: fc.Arbitrary<Step> = fc.record({
  changes: fc.array(change, { maxLength: 12 }),
  ranges: fc.array(range, { minLength: 1, maxLength: 4 }),
  commits: fc.boolean(),
})

/** Random changes, committed or rolled back, with random ranges read inside and after each. */
async function matchesModel(database: CatalogDatabase, runs: number): Promise<void> {
  let model: GroupOffsetRow[] = []
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 1, maxLength: 5 }),
    async (steps) => {
      for (const { changes, ranges, commits } of steps) {
        const before = model
        const rollback = new Error('roll back')
        const done = database.transaction('step', async (tx) => {
          const sorted = changes.toSorted((left, right) => compareKeys(left.key, right.key))
          for (const { verb: what, key, offset: value } of sorted) {
            const [group, topic, index] = key as [string, string, number]
            const row = offsetRow(group, topic, index, { offset: value })
            const at = model.findIndex(
              (other) => compareKeys(keyOf(groupOffsets, other), key) === 0,
            )
            if (what === 'delete') {
              assert.equal(await tx.delete(groupOffsets, [key]), at < 0 ? 0 : 1)
              model = model.filter((_, index2) => index2 !== at)
            } else if (what === 'put' || at < 0) {
              if (what === 'put') await tx.put(groupOffsets, [row])
              else assert.deepEqual(await tx.insert(groupOffsets, [row]), [true])
              model = [...model.filter((_, index2) => index2 !== at), row]
            } else assert.deepEqual(await tx.insert(groupOffsets, [row]), [false])
          }
          for (const one of ranges) {
            assert.deepEqual(await tx.scan(groupOffsets, one), scanModel(model, one))
          }
          if (!commits) throw rollback
        })
        if (commits) await done
        else {
          await assert.rejects(done, rollback)
          model = before
        }
        for (const one of ranges) {
          const rows = await database.snapshot('read', (tx) => tx.scan(groupOffsets, one))
          assert.deepEqual(rows, scanModel(model, one))
        }
      }
    },
  )
  await fc.assert(property, { numRuns: runs, endOnFailure: true })
}

function scanModel(model: readonly GroupOffsetRow[], one: KeyRange): GroupOffsetRow[] {
  const { prefix, after, from, before, limit, descending } = one
  const direction = descending === true ? -1 : 1
  const order = (key: Key, bound: Key): number =>
    compareKeys(key.slice(0, bound.length), bound) * direction
  const inside = (key: Key): boolean => {
    const rest = key.slice(prefix.length)
    return (
      order(key, prefix) === 0 &&
      (after === undefined || order(rest, after) > 0) &&
      (from === undefined || order(rest, from) >= 0) &&
      (before === undefined || order(rest, before) < 0)
    )
  }
  return model
    .filter((row) => inside(keyOf(groupOffsets, row)))
    .toSorted(
      (left, right) =>
        compareKeys(keyOf(groupOffsets, left), keyOf(groupOffsets, right)) * direction,
    )
    .slice(0, limit)
}
