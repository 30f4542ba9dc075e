/** All schemas that fit a question, subject by subject. */
import { scanBelow } from '../catalog/scan-below.ts'
import type { ReadTransaction } from '../catalog/database.ts'
import { registrySettings } from '../catalog/schema-registry.ts'
import {
  type Association,
  type AssociationFilter,
  associationsOfSubject,
  isWantedAssociation,
  type Lifecycle,
} from './associations/association.ts'
import { type Deleted, isWanted, listSubjects } from './lookups.ts'
import { readContexts, readVersions } from './registry-reads.ts'
import { ofReference } from './resolve-references.ts'
import type { RegistryConfig } from './registry-config.ts'
import type { SchemaContent } from './schema-content.ts'
import { anyContext, qualified, splitContext, type SubjectName } from './subject-name.ts'
import { type SubjectVersion, withSchemas } from './subject-version.ts'

export interface SchemasQuestion {
  /** Of the subject, see listSubjects. */
  readonly prefix: string
  readonly which: Deleted
  /** One of each subject. */
  readonly latestOnly: boolean
  /** Also subjects that are read under another name which begins with the prefix. */
  readonly aliases: boolean
  /** With a rule of the type. */
  readonly ruleType: string | undefined
  /** Undefined: whatever they are associated with. */
  readonly associated: AssociatedWith | undefined
}

export interface AssociatedWith {
  readonly filter: AssociationFilter
  /** None: any. NONE: those without associations. */
  readonly lifecycles: readonly (Lifecycle | 'NONE')[]
}

export interface ListedSchema {
  readonly found: SubjectVersion
  /** Names under which it is read, too. */
  readonly aliases: readonly string[]
  readonly associations: readonly Association[]
}

/** By subject and version. */
export async function listSchemas(
  tx: ReadTransaction,
  question: SchemasQuestion,
): Promise<ListedSchema[]> {
  const { which, latestOnly, ruleType, associated } = question
  const listed: ListedSchema[] = []
  for (const { name, aliases } of await namesOf(tx, question)) {
    const associations = associated === undefined ? [] : await fitting(tx, name, associated)
    if (associations === undefined) continue
    const rows = await readVersions(tx, name)
    const wanted = rows.filter(({ deleted }) => isWanted(which, deleted === 1))
    const versions = await withSchemas(tx, name.context, latestOnly ? wanted.slice(-1) : wanted)
    for (const found of versions) {
      if (ruleType === undefined || hasRule(found, ruleType)) {
        listed.push({ found, aliases, associations })
      }
    }
  }
  return listed
}

interface ListedName {
  readonly name: SubjectName
  readonly aliases: readonly string[]
}

async function namesOf(
  tx: ReadTransaction,
  { prefix, which, aliases: includesAliases }: SchemasQuestion,
): Promise<ListedName[]> {
  const names = await listSubjects(tx, prefix, which === 'without' ? 'without' : 'with')
  if (!includesAliases) return names.map((name) => ({ name, aliases: [] }))
  const byTarget = await aliasesOf(tx, prefix)
  const told = new Set(names.map(qualified))
  const others = [...byTarget.keys()].filter((target) => !told.has(target)).map(splitContext)
  return [...names, ...others].map((name) => ({
    name,
    aliases: byTarget.get(qualified(name)) ?? [],
  }))
}

/** What begins with the prefix and is an alias, by the subject that it stands for. */
async function aliasesOf(tx: ReadTransaction, prefix: string): Promise<Map<string, string[]>> {
  const isAny = prefix.startsWith(anyContext)
  const { context, subject: start } = isAny
    ? { context: '', subject: prefix.slice(anyContext.length) }
    : splitContext(prefix)
  const contexts = isAny ? await readContexts(tx) : [context]
  const found = new Map<string, string[]>()
  for (const each of contexts) {
    for (const { subject, kind, value } of await scanBelow(tx, registrySettings, [each])) {
      if (kind !== 'config' || subject === '' || !subject.startsWith(start)) continue
      const { alias } = JSON.parse(value) as RegistryConfig
      if (alias === undefined || alias === '') continue
      const target = qualified(ofReference(each, alias))
      found.set(target, [...(found.get(target) ?? []), qualified({ context: each, subject })])
    }
  }
  return found
}

/** Undefined: it does not fit. */
async function fitting(
  tx: ReadTransaction,
  name: SubjectName,
  { filter, lifecycles }: AssociatedWith,
): Promise<Association[] | undefined> {
  const all = (await associationsOfSubject(tx, name)).filter((each) =>
    isWantedAssociation(each, filter),
  )
  if (all.length === 0) return lifecycles.includes('NONE') ? [] : undefined
  if (lifecycles.length === 0) return all
  const some = all.filter(({ lifecycle }) => lifecycles.includes(lifecycle))
  return some.length === 0 ? undefined : some
}

const hasRule = ({ ruleSet }: SchemaContent, type: string): boolean =>
  [ruleSet?.migrationRules, ruleSet?.domainRules, ruleSet?.encodingRules].some((rules) =>
    rules?.some((rule) => rule.type === type),
  )
