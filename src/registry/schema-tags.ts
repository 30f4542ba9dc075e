/**
 * Tags of records and fields, such as PII. Those of an Avro schema stand in its text, as
 * `confluent:tags`. Those of other languages stand in the metadata, by the path they were given
 * for: rules find them there just the same.
 */
import { registryErrors } from './registry-error.ts'
import type { SchemaContent, SchemaMetadata } from './schema-content.ts'
import { isJsonObject, type Json, type JsonObject, readJson } from './schema/exact-json.ts'

export interface SchemaTags {
  readonly schemaEntity: {
    /** `namespace.Record` or `namespace.Record.field`; the namespace may be left out. */
    readonly entityPath: string
    readonly entityType: 'sr_record' | 'sr_field'
  }
  readonly tags: readonly string[]
}

export interface TagChanges {
  readonly add: readonly SchemaTags[]
  /** Taken away first: what is added and removed at once is there. */
  readonly remove: readonly SchemaTags[]
}

export const noTagChanges: TagChanges = { add: [], remove: [] }

type Tagged = Pick<SchemaContent, 'schemaType' | 'text' | 'metadata'>

const inlineName = 'confluent:tags'

/** @throws RegistryError 42201: there is nothing at a path, or the text is no JSON. */
export function withTags<Content extends Tagged>(content: Content, changes: TagChanges): Content {
  if (changes.add.length === 0 && changes.remove.length === 0) return content
  if (content.schemaType === 'AVRO') return { ...content, text: inAvro(content.text, changes) }
  const metadata = inMetadata(content.metadata, changes)
  const { metadata: _before, ...rest } = content
  return { ...rest, ...(metadata === undefined ? {} : { metadata }) } as Content
}

/** What stands in the text of an Avro schema, or in the metadata of another. */
export function tagsOf({ schemaType, text, metadata }: Tagged): SchemaTags[] {
  if (schemaType !== 'AVRO') {
    return Object.entries(metadata?.tags ?? {}).map(([entityPath, tags]) => ({
      schemaEntity: { entityPath, entityType: 'sr_field' },
      tags,
    }))
  }
  return taggedNodes(jsonOf(text)).flatMap(({ path, type, node }) => {
    const tags = inlineTags(node)
    return tags.length === 0 ? [] : [{ schemaEntity: { entityPath: path, entityType: type }, tags }]
  })
}

/**
 * With the tags that stand in the text of another schema, wherever there still is such a record or
 * field.
 */
export function withTagsOf<Content extends Tagged>(content: Content, other: Tagged): Content {
  if (content.schemaType !== 'AVRO' || other.schemaType !== 'AVRO') return content
  const key = (path: string, type: string): string => `${type} ${path}`
  const there = new Set(taggedNodes(jsonOf(content.text)).map((each) => key(each.path, each.type)))
  const add = tagsOf(other).filter(({ schemaEntity: { entityPath, entityType } }) =>
    there.has(key(entityPath, entityType)),
  )
  return withTags(content, { add, remove: [] })
}

function inMetadata(
  metadata: SchemaMetadata | undefined,
  { add, remove }: TagChanges,
): SchemaMetadata | undefined {
  const byPath = new Map(Object.entries(metadata?.tags ?? {}))
  const at = (path: string): readonly string[] => byPath.get(path) ?? []
  for (const { schemaEntity, tags } of remove) {
    const path = schemaEntity.entityPath
    byPath.set(path, without(at(path), tags))
  }
  for (const { schemaEntity, tags } of add) {
    const path = schemaEntity.entityPath
    byPath.set(path, [...new Set([...at(path), ...tags])])
  }
  const { tags: _before, ...rest } = metadata ?? {}
  const tags = Object.fromEntries([...byPath].filter(([, each]) => each.length > 0))
  const result = { ...rest, ...(Object.keys(tags).length === 0 ? {} : { tags }) }
  return Object.keys(result).length === 0 ? undefined : result
}

const without = (all: readonly string[], some: readonly string[]): string[] =>
  all.filter((each) => !some.includes(each))

/** The text is small, and changed rarely: it is read, changed and written whole. */
function inAvro(text: string, { add, remove }: TagChanges): string {
  const root = jsonOf(text)
  const nodes = taggedNodes(root)
  const change = (each: SchemaTags, changed: (before: readonly string[]) => string[]): void => {
    const { node } = nodeAt(nodes, each.schemaEntity)
    const after = changed(inlineTags(node))
    if (after.length === 0) delete node[inlineName]
    else node[inlineName] = after
  }
  for (const each of remove) change(each, (before) => without(before, each.tags))
  for (const each of add) change(each, (before) => [...new Set([...before, ...each.tags])])
  return JSON.stringify(root)
}

function jsonOf(text: string): Json {
  const read = readJson(text)
  if (read.ok) return read.value
  throw registryErrors.invalidSchema(`Invalid schema of type AVRO: ${read.message}`)
}

type MutableJson = { [name: string]: Json }

interface TaggedNode {
  readonly path: string
  readonly type: 'sr_record' | 'sr_field'
  readonly node: MutableJson
}

function inlineTags(node: JsonObject): string[] {
  const tags = Object.hasOwn(node, inlineName) ? node[inlineName] : undefined
  return Array.isArray(tags) ? tags.filter((each): each is string => typeof each === 'string') : []
}

/** @throws RegistryError 42201 */
function nodeAt(
  nodes: readonly TaggedNode[],
  { entityPath, entityType }: SchemaTags['schemaEntity'],
): TaggedNode {
  const found = nodes.find(
    ({ path, type }) =>
      type === entityType && (path === entityPath || path.endsWith(`.${entityPath}`)),
  )
  if (found !== undefined) return found
  const what = entityType === 'sr_record' ? 'record' : 'field'
  throw registryErrors.invalidSchema(`No ${what} at path '${entityPath}' in the schema to tag`)
}

/** Records and their fields, outermost first. The depth is bounded by readJson. */
function taggedNodes(root: Json): TaggedNode[] {
  const found: TaggedNode[] = []
  const visit = (node: Json | undefined, namespace: string): void => {
    if (Array.isArray(node)) {
      for (const each of node) visit(each, namespace)
      return
    }
    if (!isJsonObject(node)) return
    const { type, name, fields } = node
    const isRecord = (type === 'record' || type === 'error') && typeof name === 'string'
    if (!isRecord) {
      for (const each of [type, node['items'], node['values']]) visit(each, namespace)
      return
    }
    const path = fullName(name, node['namespace'], namespace)
    found.push({ path, type: 'sr_record', node })
    const inner = path.slice(0, Math.max(0, path.lastIndexOf('.')))
    for (const field of Array.isArray(fields) ? fields : []) {
      if (!isJsonObject(field) || typeof field['name'] !== 'string') continue
      const at = `${path}.${field['name']}`
      found.push({ path: at, type: 'sr_field', node: field })
      visit(field['type'], inner)
    }
  }
  visit(root, '')
  return found
}

function fullName(name: string, own: Json | undefined, outer: string): string {
  if (name.includes('.')) return name
  const namespace = typeof own === 'string' ? own : outer
  return namespace === '' ? name : `${namespace}.${name}`
}
