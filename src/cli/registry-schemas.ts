/** Schemas that wrote records, from a schema registry's HTTP API; references are followed. */
import type { FindSchema, WriterSchema } from '../contract/replay/writer-schemas.ts'
import { Failure } from '../base/errors.ts'
import type { NamedSchema, SchemaType } from '../registry/schema/schema-format.ts'
import { isOk, refusalIn, requestHttp } from './http-ask.ts'

/** How far references may lead, and to how many schemas: as far as a registry itself follows. */
const referenceDepthMax = 32
const referencesMax = 200

interface SchemaAnswer {
  readonly schema: string
  readonly schemaType?: SchemaType
  readonly guid?: string
  readonly references?: readonly Reference[]
}

interface Reference {
  readonly name: string
  readonly subject: string
  readonly version: number
}

/** @param address as requestHttp. */
export function registrySchemas(address: string, subject: string): FindSchema {
  const inSubject = `subject=${encodeURIComponent(subject)}`
  const qualified = 'referenceFormat=QUALIFIED'

  /** Undefined where the registry says that there is no such schema. */
  async function ask(path: string): Promise<unknown> {
    const answer = await requestHttp(address, path)
    if (!isOk(answer) && !isUnknown(answer.text)) throw refusalIn(answer)
    if (!isOk(answer)) return undefined
    try {
      return JSON.parse(answer.text)
    } catch (error) {
      throw new Failure('invalid', `${answer.url} answers no JSON: is it a registry?`, error)
    }
  }

  async function follow(
    references: readonly Reference[],
    found: Map<string, NamedSchema>,
    depth: number,
  ): Promise<void> {
    if (depth > referenceDepthMax) {
      throw new Failure('invalid', `references lead deeper than ${referenceDepthMax}`)
    }
    for (const { name, subject: named, version } of references) {
      if (found.has(name)) continue
      const path = `/subjects/${encodeURIComponent(named)}/versions/${version}`
      const answer = (await ask(`${path}?deleted=true&${qualified}`)) as SchemaAnswer | undefined
      // The schema that refers to it cannot be parsed then, and says what it lacks.
      if (answer === undefined) continue
      await follow(answer.references ?? [], found, depth + 1)
      found.set(name, { name, text: answer.schema })
      if (found.size > referencesMax) {
        throw new Failure('invalid', `references lead to more than ${referencesMax} schemas`)
      }
    }
  }

  async function idOfGuid(guid: string): Promise<number | undefined> {
    const ids = (await ask(`/schemas/guids/${guid}/ids`)) as { id: number }[] | undefined
    return ids?.[0]?.id
  }

  async function versionOf(id: number): Promise<number | undefined> {
    const path = `/schemas/ids/${id}/versions?${inSubject}&deleted=true`
    const uses = (await ask(path)) as { subject: string; version: number }[] | undefined
    return uses?.find((use) => use.subject === subject || use.subject.endsWith(`:${subject}`))
      ?.version
  }

  return async (schema): Promise<WriterSchema | undefined> => {
    const path =
      schema.kind === 'id'
        ? `/schemas/ids/${schema.id}?${inSubject}&${qualified}`
        : `/schemas/guids/${schema.guid}?${qualified}`
    const answer = (await ask(path)) as SchemaAnswer | undefined
    if (answer === undefined) return undefined
    const references = new Map<string, NamedSchema>()
    await follow(answer.references ?? [], references, 1)
    const id = schema.kind === 'id' ? schema.id : await idOfGuid(schema.guid)
    return {
      id,
      guid: answer.guid ?? (schema.kind === 'guid' ? schema.guid : undefined),
      version: id === undefined ? undefined : await versionOf(id),
      type: answer.schemaType ?? 'AVRO',
      text: answer.schema,
      references: [...references.values()],
    }
  }
}

/** 40401, 40402, 40403: no such subject, version, schema. Another 404 is no answer of a registry. */
const isUnknown = (text: string): boolean => /"error_code"\s*:\s*4040[123]\b/.test(text)
