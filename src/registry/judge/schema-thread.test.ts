/** Large schemas and puzzles are worked on elsewhere, while the thread goes on serving others. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../../base/errors.ts'
import { silentLog } from '../../base/log.ts'
import { systemClock } from '../../base/system-clock.ts'
import type { CatalogDatabase } from '../../catalog/database.ts'
import { registrySubjects } from '../../catalog/schema-registry.ts'
import { catalogTest } from '../../../test/log/catalogs.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { Registry } from '../registry.ts'
import { RegistryError } from '../registry-error.ts'
import { schemaFormats } from '../schema/schema-formats.ts'
import { inlineJudge, type SchemaJob, type SchemaJudge } from './schema-job.ts'
import { SchemaThread } from './schema-thread.ts'

/** Near the limit of size at 8,000 fields. */
const wide = (fields: number, ...more: readonly object[]): string =>
  JSON.stringify({
    type: 'record',
    name: 'Wide',
    fields: [
      ...Array.from({ length: fields }, (_, at) => ({
        name: `field${at}`,
        type: ['null', { type: 'record', name: `N${at}`, fields: [{ name: 'a', type: 'int' }] }],
        default: null,
      })),
      ...more,
    ],
  })
const added = { name: 'more', type: 'string' }

/** Small, and whoever compares it takes half a second. */
const puzzle = (minimum: number): string =>
  JSON.stringify({
    definitions: {
      d: { anyOf: [{ minimum }, { $ref: '#/definitions/d' }, { $ref: '#/definitions/d' }] },
    },
    $ref: '#/definitions/d',
  })

const inDefault = (subject: string) => ({ context: '.', subject })
const avro = (text: string) => ({ schemaType: 'AVRO', text, references: [] }) as const
const json = (text: string) => ({ schemaType: 'JSON', text, references: [] }) as const

const refusedWith =
  (code: number) =>
  (error: unknown): boolean =>
    error instanceof RegistryError && error.code === code

/** How often others came in between, on the thread and at the catalog. */
async function meanwhile(database: CatalogDatabase, work: Promise<unknown>): Promise<number> {
  let isDone = false
  let looks = 0
  const others = async (): Promise<void> => {
    while (!isDone) {
      await database.snapshot('others', async () => undefined)
      looks++
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  const looking = others()
  await work.finally(() => {
    isDone = true
  })
  await looking
  return looks
}

const registryOn = (database: CatalogDatabase, judge: SchemaJudge): Registry =>
  new Registry({ database, formats: schemaFormats, clock: systemClock, judge })

catalogTest('others are served while a schema near the limits is worked on', async (database) => {
  const thread = new SchemaThread(systemClock, silentLog)
  const registry = registryOn(database, thread)
  const name = inDefault('wide')
  try {
    const work = async (): Promise<void> => {
      assert.equal((await registry.register(name, avro(wide(8_000)))).version, 1)
      const optional = { ...added, default: '' }
      assert.equal((await registry.register(name, avro(wide(8_000, optional)))).version, 2)
      const breaking = avro(wide(8_000, { ...added, name: 'other' }))
      await assert.rejects(registry.register(name, breaking), refusedWith(409))
      const { conflicts, with: other } = await registry.compatibility(name, 1, breaking)
      assert.deepEqual([conflicts.length, other?.version], [1, 1])
      assert.equal((await registry.find(name, avro(wide(8_000)), 'without')).version, 1)
      await assert.rejects(registry.register(name, avro(wide(8_000, { name: 'x' }))), {
        code: 42201,
      })
    }
    const looks = await meanwhile(database, work())
    assert.ok(looks > 100, `others looked ${looks} times`)
  } finally {
    await thread.close()
  }
})

catalogTest('a puzzle is given up soon, and worked on elsewhere', async (database) => {
  const thread = new SchemaThread(systemClock, silentLog)
  const registry = registryOn(database, thread)
  const name = inDefault('puzzle')
  try {
    await registry.register(name, json(puzzle(1)))
    const work = assert.rejects(registry.register(name, json(puzzle(2))), (error) => {
      return refusedWith(409)(error) && /SCHEMA_TOO_COMPLEX/.test(String(error))
    })
    const looks = await meanwhile(database, work)
    assert.ok(looks > 20, `others looked ${looks} times`)
  } finally {
    await thread.close()
  }
})

/** Tells what it was asked. */
class CountingJudge implements SchemaJudge {
  readonly jobs: SchemaJob['kind'][] = []
  readonly #judge = inlineJudge(schemaFormats)

  answer: SchemaJudge['answer'] = (job) => {
    this.jobs.push(job.kind)
    return this.#judge.answer(job)
  }

  close = async (): Promise<void> => undefined
}

catalogTest('ordinary schemas need no thread, and large ones each thing once', async (database) => {
  const judge = new CountingJudge()
  const registry = registryOn(database, judge)
  for (const fields of [5, 50]) {
    const name = inDefault(`ordinary-${fields}`)
    await registry.register(name, avro(wide(fields)))
    await registry.register(name, avro(wide(fields, { ...added, default: '' })))
  }
  assert.deepEqual(judge.jobs, [])
  const name = inDefault('large')
  await registry.register(name, avro(wide(500)))
  assert.deepEqual(judge.jobs.splice(0), ['read'])
  await registry.register(name, avro(wide(500, { ...added, default: '' })))
  assert.deepEqual(judge.jobs.splice(0), ['read', 'compare'])
})

catalogTest('what a small schema refers to counts as well', async (database) => {
  const judge = new CountingJudge()
  const registry = registryOn(database, judge)
  await registry.register(inDefault('wide'), avro(wide(500)))
  judge.jobs.length = 0
  const text = '{"type":"record","name":"R","fields":[{"name":"w","type":"Wide"}]}'
  const references = [{ name: 'Wide', subject: 'wide', version: 1 }]
  await registry.register(inDefault('small'), { ...avro(text), references })
  assert.deepEqual(judge.jobs, ['read'])
})

test('a thread tells what is told here', async () => {
  const thread = new SchemaThread(systemClock, silentLog)
  const here = inlineJudge(schemaFormats)
  const [one, two] = [avro(wide(2)), avro(wide(2, added))]
  const proto = { ...one, schemaType: 'PROTOBUF', text: 'syntax = "proto3"; message A {}' } as const
  const jobs: SchemaJob[] = [
    { kind: 'read', schema: one, isNew: true },
    { kind: 'read', schema: avro('{"type":7}'), isNew: true },
    { kind: 'format', schema: proto, format: 'serialized' },
    { kind: 'format', schema: proto, format: 'of no such name' },
    {
      ...{ kind: 'compare', level: 'FULL_TRANSITIVE', options: { policy: 'strict' } },
      ...{ candidate: two, previous: [one, two] },
    },
  ]
  try {
    for (const job of jobs) assert.deepEqual(await thread.answer(job), await here.answer(job))
  } finally {
    await thread.close()
  }
})

catalogTest('what takes too long is refused, and nothing of it is there', async (database) => {
  const clock = new VirtualClock()
  const thread = new SchemaThread(clock, silentLog)
  const registry = registryOn(database, thread)
  const name = inDefault('slow')
  try {
    await registry.register(name, json(puzzle(1)))
    const refused = assert.rejects(registry.register(name, json(puzzle(2))), (error) => {
      return refusedWith(42209)(error) && /longer than 10000 ms: split it/.test(String(error))
    })
    // Until the thread has begun with it.
    await new Promise((resolve) => setTimeout(resolve, 100))
    await clock.advance(10_000)
    await refused
    const versions = await registry.look((tx) => tx.get(registrySubjects, [['.', 'slow']]))
    assert.equal(versions[0]?.versions, 1)
    assert.equal((await registry.register(inDefault('w'), avro(wide(500)))).version, 1)
  } finally {
    await thread.close()
  }
})

test('beyond those that wait, others are told to come again; none after the end', async () => {
  const thread = new SchemaThread(systemClock, silentLog)
  const job: SchemaJob = { kind: 'read', schema: avro(wide(1)), isNew: true }
  const all = await Promise.allSettled(Array.from({ length: 33 }, () => thread.answer(job)))
  const refused = all.filter(({ status }) => status === 'rejected')
  assert.equal(refused.length, 1)
  assert.ok(refusedWith(429)((refused[0] as PromiseRejectedResult).reason))
  await thread.close()
  await assert.rejects(thread.answer(job), (error) => isFailure(error, 'closed'))
})
