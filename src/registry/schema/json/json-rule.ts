/**
 * The names of what makes JSON data unreadable, as clients of other registries know them where they
 * do.
 */
import type { Incompatibility } from '../schema-format.ts'
import { pointerOf } from '../payload-limits.ts'
import type { RawSchema } from './json-dialect.ts'
import type { JsonNode } from './json-node.ts'

type Bound =
  | 'MAX_LENGTH'
  | 'MIN_LENGTH'
  | 'MAXIMUM'
  | 'MINIMUM'
  | 'EXCLUSIVE_MAXIMUM'
  | 'EXCLUSIVE_MINIMUM'
  | 'MAX_PROPERTIES'
  | 'MIN_PROPERTIES'
  | 'MAX_ITEMS'
  | 'MIN_ITEMS'
  | 'MAX_CONTAINS'
  | 'MIN_CONTAINS'

export type JsonRule =
  | `${Bound}_ADDED`
  | `${Bound}_INCREASED`
  | `${Bound}_DECREASED`
  | 'TYPE_NARROWED'
  | 'TYPE_CHANGED'
  | 'ENUM_ARRAY_NARROWED'
  | 'ENUM_ARRAY_CHANGED'
  | 'PATTERN_ADDED'
  | 'PATTERN_CHANGED'
  | 'MULTIPLE_OF_ADDED'
  | 'MULTIPLE_OF_EXPANDED'
  | 'MULTIPLE_OF_CHANGED'
  | 'REQUIRED_ATTRIBUTE_ADDED'
  | 'REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL'
  | 'REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL'
  | 'REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL'
  | 'OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL'
  | 'PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL'
  | 'PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL'
  | 'PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL'
  | 'ADDITIONAL_PROPERTIES_REMOVED'
  | 'ADDITIONAL_PROPERTIES_NARROWED'
  | 'DEPENDENCY_ARRAY_ADDED'
  | 'DEPENDENCY_ARRAY_EXTENDED'
  | 'DEPENDENCY_SCHEMA_ADDED'
  | 'ADDITIONAL_ITEMS_REMOVED'
  | 'ADDITIONAL_ITEMS_NARROWED'
  | 'ITEM_ADDED_TO_OPEN_CONTENT_MODEL'
  | 'ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL'
  | 'ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL'
  | 'ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL'
  | 'UNIQUE_ITEMS_ADDED'
  | 'SUM_TYPE_NARROWED'
  | 'COMBINED_TYPE_SUBSCHEMAS_CHANGED'
  | 'NOT_TYPE_EXTENDED'
  // Without a name elsewhere, because nobody else looks:
  | 'PATTERN_PROPERTY_ADDED'
  | 'PROPERTY_NAMES_NARROWED'
  | 'CONTAINS_NARROWED'
  | 'CONDITION_ADDED'
  | 'ONE_OF_BRANCHES_OVERLAP'

/** What the lenient policy lets pass: it takes no object for open unless it says so. */
export const lenientRules: ReadonlySet<JsonRule> = new Set<JsonRule>([
  'ADDITIONAL_PROPERTIES_NARROWED',
  'ADDITIONAL_PROPERTIES_REMOVED',
  'REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL',
  'OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL',
  'PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL',
  'PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL',
  'PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL',
])

export type Path = readonly (string | number)[]
export type Found = readonly Incompatibility[]

/** One comparison, as its rules see it. */
export interface JsonComparison {
  /** What is wrong there, or nothing where the policy lets it pass. */
  breach: (rule: JsonRule, at: Path, message: string) => Found
  /** A schema within the reader against one within the writer. */
  pair: (reader: JsonNode, writer: JsonNode, at: Path) => Found
}

/** Rules of one kind of value. `reader` and `writer` both take that kind. */
export type JsonRules = (
  reader: JsonNode,
  writer: JsonNode,
  at: Path,
  comparison: JsonComparison,
) => Found

export const pathText = (path: Path): string => `#${pointerOf(path)}`

export const saysNothing = (node: JsonNode, schema: RawSchema): boolean =>
  schema === true || (schema !== false && node.inner(schema).any)
