/** What a registration leaves unsaid: the text and tags of the version before, and its own number. */
import type { RegistryVersionRow } from '../catalog/schema-registry.ts'
import { registryErrors } from './registry-error.ts'
import type { SchemaRequest } from './register.ts'
import type { SchemaContent } from './schema-content.ts'
import { noTagChanges, withTags, withTagsOf } from './schema-tags.ts'
import type { SubjectVersion } from './subject-version.ts'

/** The property that says which version it is: given once, it is kept up to date. */
const versionProperty = 'confluent:version'

/** @throws RegistryError 42201: there is neither a text nor a version before. */
export function completed(
  request: SchemaRequest,
  latest: SubjectVersion | undefined,
): SchemaRequest {
  const whole = withText(request, latest)
  const { tags, keepsTags, ...rest } = whole
  // Tags that are metadata are added to those that are there, and are not instead of them.
  const isBare = tags !== undefined && rest.schemaType !== 'AVRO' && rest.metadata === undefined
  const metadata = isBare ? latest?.metadata : rest.metadata
  const based = metadata === undefined ? rest : { ...rest, metadata }
  const tagged = withTags(based, tags ?? noTagChanges)
  return keepsTags === true && latest !== undefined ? withTagsOf(tagged, latest) : tagged
}

function withText(request: SchemaRequest, latest: SubjectVersion | undefined): SchemaRequest {
  if (request.text !== '') return request
  if (latest === undefined) {
    throw registryErrors.invalidSchema('Empty schema: give its text as "schema"')
  }
  const { schemaType, text, references } = latest
  return { ...request, schemaType, text, references }
}

export const isNumbered = ({ metadata }: SchemaContent): boolean =>
  metadata?.properties?.[versionProperty] !== undefined

/** With the number of the next version, where the schema has one or the request asks for it. */
export function numbered(
  content: SchemaContent,
  rows: readonly RegistryVersionRow[],
  asked: number | undefined,
): SchemaContent {
  if (asked === undefined && !isNumbered(content)) return content
  const next = (rows.at(-1)?.version ?? 0) + 1
  const { metadata } = content
  const properties = { ...metadata?.properties, [versionProperty]: `${next}` }
  return { ...content, metadata: { ...metadata, properties } }
}

/** For comparing: two versions differ in their numbers in any case. */
export function unnumbered(content: SchemaContent): SchemaContent {
  if (!isNumbered(content)) return content
  const { metadata, ...rest } = content
  const { [versionProperty]: _number, ...properties } = metadata?.properties ?? {}
  return { ...rest, metadata: { ...metadata, properties } }
}
