/** Brokers that register at once, each with its own connections to one catalog. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/base/system-clock.ts'
import { createDek } from '../../src/registry/keys/deks.ts'
import { createKek } from '../../src/registry/keys/keks.ts'
import { Registry } from '../../src/registry/registry.ts'
import { RegistryError } from '../../src/registry/registry-error.ts'
import { schemaFormats } from '../../src/registry/schema/schema-formats.ts'
import { updateConfig } from '../../src/registry/settings.ts'
import type { SubjectVersion } from '../../src/registry/subject-version.ts'
import { Catalogs } from './catalogs.ts'

const catalogs = new Catalogs()
const brokers = 3

async function withRegistries(work: (registries: readonly Registry[]) => Promise<void>) {
  const schema = catalogs.newSchema()
  const first = await catalogs.open(schema)
  const others = await Promise.all(Array.from({ length: brokers - 1 }, () => catalogs.open(schema)))
  const databases = [first, ...others]
  try {
    const formats = schemaFormats
    await work(databases.map((database) => new Registry({ database, formats, clock: systemClock })))
  } finally {
    for (const database of databases) await database.close()
  }
}

const avro = (field: string): string =>
  JSON.stringify({ type: 'record', name: 'R', fields: [{ name: field, type: 'int', default: 0 }] })

const inContext = (context: string, subject: string): { context: string; subject: string } => ({
  context,
  subject,
})

test('ids are unique, equal content has one, and versions have no gaps', async () => {
  await withRegistries(async (registries) => {
    const [first] = registries as [Registry]
    await updateConfig(first.database, inContext('.', ''), { compatibilityLevel: 'NONE' })
    const subjects = ['a', 'b']
    const texts = Array.from({ length: 4 }, (_, at) => avro(`f${at}`))
    const register = (registry: Registry, subject: string, text: string): Promise<SubjectVersion> =>
      registry.register(inContext('.', subject), { schemaType: 'AVRO', text, references: [] })
    const done = await Promise.all(
      registries.flatMap((registry) =>
        subjects.flatMap((subject) => texts.map((text) => register(registry, subject, text))),
      ),
    )
    const ids = new Map<string, Set<number>>()
    for (const { text, schemaId } of done) {
      ids.set(text, (ids.get(text) ?? new Set()).add(schemaId))
    }
    assert.deepEqual(
      [...ids.values()].map(({ size }) => size),
      texts.map(() => 1),
    )
    const all = new Set([...ids.values()].flatMap((each) => [...each]))
    assert.deepEqual(all, new Set([1, 2, 3, 4]))
    for (const subject of subjects) {
      const versions = done.filter((each) => each.subject === subject)
      assert.deepEqual(new Set(versions.map(({ version }) => version)), new Set([1, 2, 3, 4]))
      const pairs = new Set(versions.map(({ version, text }) => `${version} ${text}`))
      assert.equal(pairs.size, 4, 'all are told the same version of a schema')
    }
  })
})

test('contexts that refer to each other are registered in at once', async () => {
  await withRegistries(async (registries) => {
    const text = avro('shared')
    for (const context of ['.', '.eu']) {
      await registries[0]?.register(inContext(context, 'shared'), {
        ...{ schemaType: 'AVRO', text, references: [] },
      })
    }
    const from = (context: string, other: string, at: number): Promise<SubjectVersion> => {
      const registry = registries[at % brokers] as Registry
      const references = [{ name: 'R', subject: `:${other}:shared`, version: 1 }]
      const own = { type: 'record', name: `S${at}`, fields: [{ name: 'r', type: 'R' }] }
      const request = { schemaType: 'AVRO', text: JSON.stringify(own), references } as const
      return registry.register(inContext(context, `s${at}`), request)
    }
    const both = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        at % 2 === 0 ? from('.', '.eu', at) : from('.eu', '.', at),
      ),
    )
    for (const context of ['.', '.eu']) {
      const ids = both.filter((each) => each.context === context).map(({ schemaId }) => schemaId)
      assert.deepEqual(new Set(ids), new Set([2, 3, 4, 5]))
    }
  })
})

test('of brokers that make the same data key, one does', async () => {
  await withRegistries(async (registries) => {
    const kek = { name: 'k', kmsType: 'local-kms', kmsKeyId: 'x', kmsProps: {} }
    const name = { kekName: 'k', subject: 's', algorithm: 'AES256_GCM' } as const
    const codes = await Promise.all(
      registries.map(async ({ database }, at) => {
        try {
          await createKek(database, { ...kek, shared: false, deleted: false }, 1)
        } catch (error) {
          assert.ok(error instanceof RegistryError && error.code === 40971)
        }
        const encryptedKeyMaterial = Buffer.from(`${at}`).toString('base64')
        const request = { version: 1, encryptedKeyMaterial, deleted: false, rewrap: false }
        try {
          await createDek(database, name, request, 1)
          return 200
        } catch (error) {
          assert.ok(error instanceof RegistryError)
          return error.code
        }
      }),
    )
    assert.deepEqual(
      codes.toSorted((a, b) => a - b),
      [200, 40971, 40971],
    )
  })
})
