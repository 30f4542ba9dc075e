/** What clients send. */
import {
  compatibilityLevelOf,
  modeOf,
  type RegistryConfig,
  type RegistryMode,
} from '../registry-config.ts'
import { registryErrors } from '../registry-error.ts'
import type { SchemaRequest } from '../register.ts'
import type { RuleSet, SchemaMetadata, SchemaReference, SchemaRule } from '../schema-content.ts'
import type { SchemaTags } from '../schema-tags.ts'
import type { SchemaType } from '../schema/schema-format.ts'
import { parseSubject } from '../subject-name.ts'
import type { VersionTagging } from '../tag-version.ts'
import {
  flag,
  integer,
  listOf,
  listOrNone,
  mapOf,
  objectOf,
  oneOf,
  optional,
  type Shape,
  text,
} from './shape.ts'

const reference: Shape<SchemaReference> = objectOf({
  name: text,
  subject: text,
  version: integer,
})

const metadata = objectOf({
  tags: optional(mapOf(listOf(text))),
  properties: optional(mapOf(text)),
  sensitive: optional(listOf(text)),
}) as Shape<SchemaMetadata>

const rule = objectOf({
  name: text,
  doc: optional(text),
  kind: optional(oneOf('TRANSFORM', 'CONDITION')),
  mode: optional(oneOf('UPGRADE', 'DOWNGRADE', 'UPDOWN', 'WRITE', 'READ', 'WRITEREAD')),
  type: optional(text),
  tags: optional(listOf(text)),
  params: optional(mapOf(text)),
  expr: optional(text),
  onSuccess: optional(text),
  onFailure: optional(text),
  disabled: optional(flag),
}) as Shape<SchemaRule>

const ruleSet = objectOf({
  migrationRules: optional(listOf(rule)),
  domainRules: optional(listOf(rule)),
  encodingRules: optional(listOf(rule)),
  enableAt: optional(text),
}) as Shape<RuleSet>

/** As clients name them; a registry that lacks one says so when it parses. */
const schemaTypes: Shape<SchemaType> = oneOf('AVRO', 'JSON', 'PROTOBUF')

const schemaTags: Shape<SchemaTags> = objectOf({
  schemaEntity: objectOf({ entityPath: text, entityType: oneOf('sr_record', 'sr_field') }),
  tags: listOf(text),
})

const schemaBody = objectOf({
  schema: optional(text),
  schemaType: optional(schemaTypes),
  references: listOrNone(reference),
  metadata: optional(metadata),
  ruleSet: optional(ruleSet),
  id: optional(integer),
  version: optional(integer),
  schemaTagsToAdd: listOrNone(schemaTags),
  schemaTagsToRemove: listOrNone(schemaTags),
  propagateSchemaTags: optional(flag),
})

/** Of ids and versions: records name a schema with four bytes. */
const idMax = 2_147_483_647

/**
 * @param isEmptyFine the text may be left out where it is that of the version before
 * @throws RegistryError 422, 42201
 */
export function schemaRequestOf(
  body: unknown,
  normalize: boolean | undefined,
  isEmptyFine = false,
): SchemaRequest {
  const {
    schema = '',
    schemaType = 'AVRO',
    references,
    id,
    version,
    ...rest
  } = schemaBody(body, '')
  const { schemaTagsToAdd: add, schemaTagsToRemove: remove, propagateSchemaTags, ...facets } = rest
  if (schema === '' && !isEmptyFine) {
    throw registryErrors.invalidSchema('Empty schema: give its text as "schema"')
  }
  if (id !== undefined && id > idMax) {
    throw registryErrors.invalidRequest(`id must be at most ${idMax}, not ${id}`)
  }
  if (version !== undefined && version > idMax) throw registryErrors.invalidVersion(`${version}`)
  return {
    ...facets,
    ...{ text: schema, schemaType, references },
    ...(id === undefined || id < 0 ? {} : { schemaId: id }),
    ...(version === undefined || version < 1 ? {} : { version }),
    ...(normalize === undefined ? {} : { normalize }),
    ...(add.length + remove.length === 0 ? {} : { tags: { add, remove } }),
    ...(propagateSchemaTags === undefined ? {} : { keepsTags: propagateSchemaTags }),
  } as SchemaRequest
}

const taggingBody = objectOf({
  newVersion: optional(integer),
  tagsToAdd: listOrNone(schemaTags),
  tagsToRemove: listOrNone(schemaTags),
  metadata: optional(metadata),
  ruleSet: optional(ruleSet),
  rulesToMerge: optional(ruleSet),
  rulesToRemove: optional(listOf(text)),
})

/** @throws RegistryError 422 */
export function taggingOf(body: unknown): VersionTagging {
  const { tagsToAdd: add, tagsToRemove: remove, ...rest } = taggingBody(body, '')
  return { ...rest, tags: { add, remove } } as VersionTagging
}

/** LOGICAL would hold schemas to what Flink and Iceberg can read, which nothing here knows. */
const policy: Shape<'STRICT' | 'LENIENT'> = (value, at) => {
  const named = text(value, at).toUpperCase()
  if (named === 'STRICT' || named === 'LENIENT') return named
  throw registryErrors.invalidRequest(`${at} must be STRICT or LENIENT, not ${named}`)
}

const configBody = objectOf({
  compatibility: optional(text),
  compatibilityLevel: optional(text),
  compatibilityPolicy: optional(policy),
  compatibilityGroup: optional(text),
  alias: optional(text),
  aliasForDeks: optional(text),
  normalize: optional(flag),
  validateFields: optional(flag),
  validateNewSchemas: optional(flag),
  validateRules: optional(flag),
  defaultMetadata: optional(metadata),
  overrideMetadata: optional(metadata),
  defaultRuleSet: optional(ruleSet),
  overrideRuleSet: optional(ruleSet),
})

/** @throws RegistryError 422, 42203 */
export function configOf(body: unknown): RegistryConfig {
  const { compatibility, compatibilityLevel, ...rest } = configBody(body, '')
  const level = compatibility ?? compatibilityLevel
  for (const alias of [rest.alias, rest.aliasForDeks]) {
    if (alias !== undefined && alias !== '') parseSubject(alias) // empty: none
  }
  if (level === undefined) return rest as RegistryConfig
  return { ...rest, compatibilityLevel: compatibilityLevelOf(level) } as RegistryConfig
}

const modeBody = objectOf({ mode: text })

/** @throws RegistryError 422, 42204 */
export function modeOfBody(body: unknown): RegistryMode {
  return modeOf(modeBody(body, '').mode)
}
