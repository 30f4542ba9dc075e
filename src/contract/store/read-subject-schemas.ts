/** Which of the schemas that records name are versions of the subjects of their topics. */
import type { CatalogDatabase, ReadTransaction } from '../../catalog/database.ts'
import { RegistryError } from '../../registry/registry-error.ts'
import { isLiveIn, readIdOfHash, readSchemas } from '../../registry/registry-reads.ts'
import { hashOfGuid } from '../../registry/schema-content.ts'
import { resolveReferences } from '../../registry/resolve-references.ts'
import { defaultContext } from '../../registry/subject-name.ts'
import type { SubjectSchema, ToldSchema } from '../check/held-schemas.ts'
import type { SchemaId } from '../check/schema-frame.ts'

/** Of a schema and all that it refers to: they are sent to the thread that checks, and held there. */
const charsMax = 8_388_608

/** In the order in which they are asked for, of one snapshot. @throws Failure 'unavailable' */
export function readSubjectSchemas(
  database: CatalogDatabase,
  asked: readonly SubjectSchema[],
): Promise<ToldSchema[]> {
  return database.snapshot('look up schemas of records', async (tx) => {
    const told: ToldSchema[] = []
    for (const each of asked) told.push(await readOne(tx, each))
    return told
  })
}

async function readOne(tx: ReadTransaction, asked: SubjectSchema): Promise<ToldSchema> {
  const context = defaultContext
  const absent = { ...asked, outcome: 'absent' } as const
  const schemaId = await idOf(tx, asked.schema)
  if (schemaId === undefined) return absent
  if (!(await isLiveIn(tx, { context, subject: asked.subject }, schemaId))) return absent
  const [schema] = await readSchemas(tx, context, [schemaId])
  if (schema === undefined) return absent
  try {
    const references = await resolveReferences(tx, schema)
    const { schemaType: type, text } = schema
    const chars = [schema, ...references].reduce((sum, each) => sum + each.text.length, 0)
    if (chars <= charsMax) return { ...asked, outcome: 'found', type, text, references }
    const message = `it has ${chars} characters with its references, of at most ${charsMax}`
    return { ...asked, outcome: 'unusable', message }
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    return { ...asked, outcome: 'unusable', message: error.message }
  }
}

async function idOf(tx: ReadTransaction, schema: SchemaId): Promise<number | undefined> {
  if (schema.kind === 'id') return schema.id
  const hash = hashOfGuid(schema.guid)
  return hash === undefined ? undefined : readIdOfHash(tx, defaultContext, hash)
}
