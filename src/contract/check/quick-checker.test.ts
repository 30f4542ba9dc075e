/** What is checked here is what the thread would say, and nothing else is checked here. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildBatch } from '../../record/build-batch.ts'
import { schemaFormats } from '../../registry/schema/schema-formats.ts'
import type { ToldSchema } from './held-schemas.ts'
import type { Policy } from './policy.ts'
import { QuickChecker } from './quick-checker.ts'
import { inlineChecker, type RecordChecker } from './record-checker.ts'

const policy: Policy = {
  ...{ name: 'c@1/t', contract: 'c@1.0.0', onViolation: 'reject', encoding: 'registry' },
  ...{ depth: 'id', rules: [], takesTombstones: false, needsKey: false },
  facts: [{ fact: 'tenant', in: 'header', at: 'ce_tenant', required: true, oneOf: [] }],
  ...{ keyProperty: undefined, keySchema: undefined },
  subjects: { value: 't-value', key: 't-key' },
  schema: { type: 'AVRO', text: '"string"', references: [] },
}

const batchOf = (ids: readonly number[], codec: 'none' | 'gzip' = 'none'): Uint8Array =>
  buildBatch(
    ids.map((id) => {
      const headers = id === 7 ? [] : [{ key: 'ce_tenant', value: Buffer.from('acme') }]
      return { key: null, value: Buffer.from([0, 0, 0, 0, id, 1]), headers, timestampMs: 1 }
    }),
    { codec },
  )

const toldOf = (id: number, outcome: 'found' | 'absent'): ToldSchema => {
  const named = { subject: 't-value', schema: { kind: 'id', id } } as const
  return outcome === 'found' ? { ...named, outcome, ...policy.schema } : { ...named, outcome }
}

test('batches of which only ids are looked at are checked here, as anywhere', async () => {
  const there = inlineChecker(schemaFormats)
  const asked: string[] = []
  const watched: RecordChecker = {
    check: (given, bytes, told) => {
      asked.push(given.name)
      return there.check(given, bytes, told)
    },
    close: () => there.close(),
  }
  const quick = new QuickChecker(watched)
  const schemas = [toldOf(1, 'found'), toldOf(7, 'found'), toldOf(9, 'absent')]
  for (const told of [
    { epoch: 1, schemas: [] },
    { epoch: 1, schemas },
  ]) {
    const batch = batchOf([1, 7, 9, 1])
    const verdict = await quick.check(policy, batch, told)
    assert.deepEqual(verdict, await there.check(policy, batch, told))
    assert.equal(verdict.asked.length, schemas.length - told.schemas.length)
  }
  assert.deepEqual(asked, [])
  const told = { epoch: 1, schemas }
  await quick.check(policy, batchOf([1], 'gzip'), told)
  await quick.check({ ...policy, name: 'payload', depth: 'payload' }, batchOf([1]), told)
  await quick.check(policy, batchOf(Array<number>(20_000).fill(1)), told)
  await quick.check(policy, Buffer.alloc(3), told)
  assert.deepEqual(asked, ['c@1/t', 'payload', 'c@1/t', 'c@1/t'])
})

test('a batch that keeps its contract by what is at hand is told of without waiting', async () => {
  const quick = new QuickChecker(inlineChecker(schemaFormats))
  const withoutFacts = { ...policy, facts: [] }
  const batch = batchOf([1, 1, 1])
  const now = (bytes: Uint8Array, epoch = 1, of: Policy = withoutFacts): number | undefined =>
    quick.keptNow(of, bytes, epoch)
  assert.equal(now(batch), undefined)
  await quick.check(withoutFacts, batch, { epoch: 1, schemas: [] })
  assert.equal(now(batch), undefined, 'the schema was not told yet')
  const schemas = [toldOf(1, 'found'), toldOf(9, 'absent')]
  await quick.check(withoutFacts, batchOf([1, 9]), { epoch: 1, schemas })
  assert.equal(now(batch), 3)
  assert.equal(now(batch, 2), undefined, 'it may be deleted by then')
  assert.equal(now(batchOf([1, 9])), undefined)
  assert.equal(now(batchOf([1], 'gzip')), undefined)
  assert.equal(now(batch.subarray(0, -1)), undefined)
  await quick.check({ ...policy, name: 'facts' }, batch, { epoch: 1, schemas })
  assert.equal(now(batch, 1, { ...policy, name: 'facts' }), undefined)
})
