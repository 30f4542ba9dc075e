/** Batches are held to contracts in a thread, as they would be here. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../../base/errors.ts'
import { silentLog } from '../../base/log.ts'
import { systemClock } from '../../base/system-clock.ts'
import { buildBatch, type NewRecord } from '../../record/build-batch.ts'
import { schemaFormats } from '../../registry/schema/schema-formats.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { CheckThread } from './check-thread.ts'
import type { ToldSchema } from './held-schemas.ts'
import type { Policy } from './policy.ts'
import { inlineChecker } from './record-checker.ts'

const policy: Policy = {
  ...{ name: 'c@1/t', contract: 'c@1.0.0', onViolation: 'reject', encoding: 'plain' },
  facts: [],
  rules: [{ name: 'few', expr: 'value.n < 3', message: 'n is below 3' }],
  ...{ takesTombstones: false, needsKey: false, depth: 'payload' },
  ...{ keyProperty: undefined, keySchema: undefined },
  subjects: { value: 't-value', key: 't-key' },
  schema: {
    type: 'JSON',
    text: '{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}',
    references: [],
  },
}

const batchOf = (...values: readonly string[]): Uint8Array =>
  buildBatch(
    values.map((value) => ({ key: null, value: Buffer.from(value), timestampMs: 1 })),
    { codec: 'gzip' },
  )

test('a thread tells what is told here, for any number of batches at once', async () => {
  const thread = new CheckThread(systemClock, silentLog)
  const here = inlineChecker(schemaFormats)
  try {
    const batches = [
      batchOf('{"n":1}'),
      batchOf('{"n":1}', '{"n":5}', '{}'),
      batchOf('no json'),
      Buffer.from('no batch at all'),
    ]
    const told = await Promise.all(batches.map((batch) => thread.check(policy, batch)))
    assert.deepEqual(told, await Promise.all(batches.map((batch) => here.check(policy, batch))))
    assert.deepEqual(
      told.map(({ count, records }) => [count, records]),
      [
        [0, 1],
        [2, 3],
        [1, 1],
        [0, 0],
      ],
    )
    assert.deepEqual(
      told[1]?.violations.map(({ index, rule }) => [index, rule]),
      [
        [1, 'rule:few'],
        [2, 'schema'],
      ],
    )
  } finally {
    await thread.close()
  }
})

test('a thread asks for the schemas that records name, as is done here, and is told', async () => {
  const framed: Policy = {
    ...{ ...policy, name: 'c@3/t', encoding: 'registry' },
    keySchema: { type: 'AVRO', text: '"string"', references: [] },
  }
  const keyed = (id: number, json: string, key: string): NewRecord => {
    const value = Buffer.concat([Buffer.from([0, 0, 0, 0, id]), Buffer.from(json)])
    return { key: Buffer.from(key, 'hex'), value, timestampMs: 1 }
  }
  const batch = buildBatch(
    [
      keyed(1, '{"n":1}', '00000000020261'),
      keyed(1, '{"n":5}', '00000000020261'),
      keyed(1, '{"n":"1"}', '00000000020261'),
      keyed(9, '{"n":1}', '00000000020261'),
      keyed(1, '{"n":1}', '000000000202'),
      keyed(1, '{"n":1}', '61'),
    ],
    { codec: 'gzip' },
  )
  const schemaOf = (part: string, id: number): Pick<ToldSchema, 'subject' | 'schema'> => {
    return { subject: `t-${part}`, schema: { kind: 'id', id } }
  }
  const schemas: ToldSchema[] = [
    { ...schemaOf('key', 2), outcome: 'found', type: 'AVRO', text: '"string"', references: [] },
    { ...schemaOf('value', 1), outcome: 'found', ...policy.schema },
    { ...schemaOf('value', 9), outcome: 'absent' },
  ]
  const thread = new CheckThread(systemClock, silentLog)
  const here = inlineChecker(schemaFormats)
  try {
    for (const [given, asked, rules] of [
      [[], [schemaOf('key', 2), schemaOf('value', 1), schemaOf('value', 9)], undefined],
      [schemas, [], ['rule:few', 'schema', 'schema-id', 'key', 'encoding']],
      [schemas.slice(2), [], ['rule:few', 'schema', 'schema-id', 'key', 'encoding']],
      [[], [schemaOf('value', 9)], undefined],
    ] as const) {
      const told = { epoch: 1, schemas: given }
      const verdict = await thread.check(framed, batch, told)
      assert.deepEqual(verdict, await here.check(framed, batch, told))
      assert.deepEqual(verdict.asked, asked)
      if (rules === undefined) continue
      assert.deepEqual(
        verdict.violations.map(({ rule }) => rule),
        rules,
      )
    }
    const later = await thread.check(framed, batch, { epoch: 2, schemas: [] })
    assert.equal(later.asked.length, 3, 'what it holds may not be so any more')
  } finally {
    await thread.close()
  }
})

test('a policy that cannot be used is no violation, and nothing is appended', async () => {
  const thread = new CheckThread(systemClock, silentLog)
  const schema = { type: 'JSON', text: '{"type":7}', references: [] } as const
  try {
    const broken = { ...policy, name: 'c@2/t', schema }
    await assert.rejects(thread.check(broken, batchOf('{"n":1}')), (error) =>
      isFailure(error, 'unavailable'),
    )
    assert.equal((await thread.check(policy, batchOf('{"n":1}'))).count, 0, 'others go on')
  } finally {
    await thread.close()
  }
  await assert.rejects(thread.check(policy, batchOf('{}')), (error) => isFailure(error, 'closed'))
})

test('a batch that takes too long is refused, and the next one has a thread again', async () => {
  const clock = new VirtualClock()
  const thread = new CheckThread(clock, silentLog)
  const loop = (inner: string, name: string): string => `[1, 2, 3, 4, 5].all(${name}, ${inner})`
  const slow = ['a', 'b', 'c', 'd', 'e', 'f'].reduce(loop, 'value.n < 9')
  const rules = [{ name: 'slow', expr: slow, message: 'never' }]
  try {
    assert.equal((await thread.check(policy, batchOf('{"n":1}'))).count, 0)
    const records = Array<string>(20_000).fill('{"n":1}')
    const checked = thread.check({ ...policy, name: 'slow', rules }, batchOf(...records))
    const refused = assert.rejects(checked, /cannot be checked within 30000 ms/)
    await clock.advance(30_000)
    await refused
    const after = await thread.check(policy, batchOf('{"n":1}'))
    assert.equal(after.count, 0, 'it is told the policy again')
  } finally {
    await thread.close()
  }
})
