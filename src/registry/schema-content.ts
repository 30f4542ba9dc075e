/**
 * What a schema id stands for: text, references, metadata and rules. All of it has one hash: what
 * is the same has the same id and GUID.
 */
import { createHash } from 'node:crypto'
import { formatUuid } from '../base/format-uuid.ts'
import type { SchemaType } from './schema/schema-format.ts'

/** To a version of a subject; `name` is how the schema calls it: an import, a $ref, a type. */
export interface SchemaReference {
  readonly name: string
  readonly subject: string
  readonly version: number
}

export interface SchemaMetadata {
  /** Tags by path within the schema. */
  readonly tags?: Readonly<Record<string, readonly string[]>>
  readonly properties?: Readonly<Record<string, string>>
  /** Names of properties that are not for everyone's eyes. */
  readonly sensitive?: readonly string[]
}

export interface SchemaRule {
  readonly name: string
  readonly doc?: string
  readonly kind?: 'TRANSFORM' | 'CONDITION'
  readonly mode?: 'UPGRADE' | 'DOWNGRADE' | 'UPDOWN' | 'WRITE' | 'READ' | 'WRITEREAD'
  readonly type?: string
  readonly tags?: readonly string[]
  readonly params?: Readonly<Record<string, string>>
  readonly expr?: string
  readonly onSuccess?: string
  readonly onFailure?: string
  readonly disabled?: boolean
}

export interface RuleSet {
  readonly migrationRules?: readonly SchemaRule[]
  readonly domainRules?: readonly SchemaRule[]
  readonly encodingRules?: readonly SchemaRule[]
  readonly enableAt?: string
}

export interface SchemaFacets {
  readonly references: readonly SchemaReference[]
  readonly metadata?: SchemaMetadata
  readonly ruleSet?: RuleSet
}

export interface SchemaContent extends SchemaFacets {
  readonly schemaType: SchemaType
  /** As it is given to clients. */
  readonly text: string
}

/** 32 hex digits. An identity, not a seal: it keeps apart what is different by chance. */
export function hashOf(content: SchemaContent): string {
  const { schemaType, text } = content
  const hash = createHash('md5')
  for (const part of [schemaType, text, encodeFacets(content)]) {
    hash.update(`${Buffer.byteLength(part)}:`).update(part)
  }
  return hash.digest('hex')
}

/** 32 hex digits, as hashOf. */
export const hashOfText = (text: string): string => createHash('md5').update(text).digest('hex')

/** The hash as clients know it, in headers and paths. */
export function guidOf(hash: string): string {
  return formatUuid(Buffer.from(hash, 'hex'))
}

/** Undefined where it is no GUID. */
export function hashOfGuid(guid: string): string | undefined {
  const isGuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(guid)
  return isGuid ? guid.replaceAll('-', '').toLowerCase() : undefined
}

/** JSON with sorted names; what is empty is left out, so that it does not make a difference. */
export function encodeFacets({ references, metadata, ruleSet }: SchemaFacets): string {
  const facets = {
    references: references.map(({ name, subject, version }) => ({ name, subject, version })),
    metadata,
    ruleSet,
  }
  return JSON.stringify(withoutEmpty(facets)) ?? '{}'
}

/** The reverse of encodeFacets. */
export function decodeFacets(text: string): SchemaFacets {
  return { references: [], ...(JSON.parse(text) as Partial<SchemaFacets>) }
}

/** Depth is bounded by the checks of the request's shape. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(withoutEmpty)
  if (typeof value !== 'object' || value === null) return value ?? undefined
  const entries = Object.entries(value)
    .map(([name, each]): [string, unknown] => [name, withoutEmpty(each)])
    .filter(([, each]) => each !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}
