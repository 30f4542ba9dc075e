/** What a schema refers to, and what that refers to in turn. */
import type { ReadTransaction } from '../catalog/database.ts'
import { registryErrors } from './registry-error.ts'
import { readSchemas, readVersions, type StoredSchema } from './registry-reads.ts'
import type { SchemaReference } from './schema-content.ts'
import type { NamedSchema } from './schema/schema-format.ts'
import { splitContext, type SubjectName } from './subject-name.ts'

/** How far references may lead, and to how many schemas: their texts are all in memory at once. */
const referenceDepthMax = 32
export const referencedSchemasMax = 200

export interface Referring {
  readonly context: string
  readonly references: readonly SchemaReference[]
}

/**
 * The schemas that the references lead to, dependencies first. A deleted version is found, too: who
 * refers to it was there before.
 *
 * @throws RegistryError 42201: there is no such version, or they lead too far.
 */
export async function resolveReferences(
  tx: ReadTransaction,
  { context, references }: Referring,
): Promise<NamedSchema[]> {
  const found = new Map<string, NamedSchema>()
  await follow(tx, context, references, found, 1)
  return [...found.values()]
}

async function follow(
  tx: ReadTransaction,
  context: string,
  references: readonly SchemaReference[],
  found: Map<string, NamedSchema>,
  depth: number,
): Promise<void> {
  if (depth > referenceDepthMax) {
    throw registryErrors.invalidSchema(`references lead deeper than ${referenceDepthMax}`)
  }
  for (const { name, subject, version } of references) {
    if (found.has(name)) continue
    const schema = await readVersion(tx, ofReference(context, subject), version)
    if (schema === undefined) {
      const what = `version ${version} of subject ${subject}`
      throw registryErrors.invalidSchema(`No schema reference found for ${name}: no ${what}`)
    }
    await follow(tx, schema.context, schema.references, found, depth + 1)
    found.set(name, { name, text: schema.text })
    if (found.size > referencedSchemasMax) {
      throw registryErrors.invalidSchema(`references lead to more than ${referencedSchemasMax}`)
    }
  }
}

/** A reference without a context is to the context of the schema that refers. */
export function ofReference(context: string, subject: string): SubjectName {
  return subject.startsWith(':.') ? splitContext(subject) : { context, subject }
}

/** -1: the latest that is not deleted. */
async function readVersion(
  tx: ReadTransaction,
  name: SubjectName,
  version: number,
): Promise<StoredSchema | undefined> {
  const versions = await readVersions(tx, name)
  const row =
    version === -1
      ? versions.findLast(({ deleted }) => deleted === 0)
      : versions.find((each) => each.version === version)
  if (row === undefined) return undefined
  const [schema] = await readSchemas(tx, name.context, [row.schemaId])
  return schema
}
