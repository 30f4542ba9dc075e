/** Registers a schema as the next version of a subject. */
import type { CatalogDatabase, ReadTransaction, Transaction } from '../catalog/database.ts'
import {
  type RegistryContextRow,
  registryHashes,
  registryReferences,
  registrySchemas,
  registrySubjects,
  registryUses,
  type RegistryVersionRow,
  registryVersions,
} from '../catalog/schema-registry.ts'
import { changeContexts, type Judgement, seeChanges } from './context-changes.ts'
import {
  mergedMetadata,
  mergedRuleSet,
  type RegistryConfig,
  type RegistryMode,
} from './registry-config.ts'
import { registryErrors } from './registry-error.ts'
import {
  readConfigInScope,
  readIdOfHash,
  readModeInScope,
  readSchemas,
  readVersions,
} from './registry-reads.ts'
import { associationsOfSubject } from './associations/association.ts'
import { conflictsOf, describeConflicts } from './compatible.ts'
import { completed, isNumbered, numbered, unnumbered } from './complete-request.ts'
import { noTagChanges, type TagChanges, withTags } from './schema-tags.ts'
import { encodeFacets, hashOf, type SchemaContent, type SchemaReference } from './schema-content.ts'
import type { RequestParser } from './judge/request-parser.ts'
import { ofReference, referencedSchemasMax } from './resolve-references.ts'
import type { SchemaParser } from './schema-parser.ts'
import { findVersion, type SubjectVersion, withSchemas } from './subject-version.ts'
import {
  defaultContext,
  globalContext,
  parseSubject,
  qualified,
  type SubjectName,
} from './subject-name.ts'

/** Of a schema's text: what is larger is no description of records any more. */
export const schemaCharsMax = 1_048_576

export interface SchemaRequest extends SchemaContent {
  /** Given where schemas are carried over from another registry: mode IMPORT. */
  readonly schemaId?: number
  /** Without an id: the one that the next version must have. */
  readonly version?: number
  readonly normalize?: boolean
  readonly tags?: TagChanges
  /** Tags in the text of the version before are in the new one, too. */
  readonly keepsTags?: boolean
  /** Whatever the level: what breaks readers is registered, too. */
  readonly isForced?: boolean
}

export interface RegisterParts {
  readonly database: CatalogDatabase
  readonly parser: SchemaParser
  readonly nowMs: () => number
}

/** What judging takes, within one request. */
export interface JudgeParts {
  readonly parser: RequestParser
  readonly nowMs: () => number
}

/**
 * The version that has the schema: the one that has it already, or a new one. Calling again after a
 * lost answer tells.
 *
 * @throws RegistryError 409, 42201, 42205, 42207, 42209; nothing was written.
 * @throws Failure 'unavailable' | 'unknown-outcome'
 */
export function registerSchema(
  parts: RegisterParts,
  name: SubjectName,
  request: SchemaRequest,
): Promise<SubjectVersion> {
  const { database, parser, nowMs } = parts
  return parser.run((own) =>
    changeContexts(database, 'register schema', () =>
      database.snapshot('judge schema', (tx) => judgeSchema(tx, own, name, request, nowMs())),
    ),
  )
}

/**
 * What registering would write, for who does more in the same transaction.
 *
 * @param config counts in the place of what is set for the subject.
 * @throws RegistryError as registerSchema
 */
export async function judgeSchema(
  tx: ReadTransaction,
  parser: RequestParser,
  name: SubjectName,
  request: SchemaRequest,
  nowMs: number,
  config?: RegistryConfig,
): Promise<Judgement<SubjectVersion>> {
  if (request.text.length > schemaCharsMax) {
    const size = `${request.text.length} characters of ${schemaCharsMax}`
    throw registryErrors.tooLarge(`The schema is too large: ${size}`)
  }
  const { context } = name
  const rows = await readVersions(tx, name)
  const live = await withSchemas(
    tx,
    context,
    rows.filter(({ deleted }) => deleted === 0),
  )
  const latest = live.at(-1)
  const own = await contentUnder(tx, parser, name, completed(request, latest))
  const others = own.references.map(({ subject }) => ofReference(context, subject).context)
  const contexts = [context, ...others]
  const seen = await seeChanges(tx, [...contexts, defaultContext, globalContext])
  assertMode(await readModeInScope(tx, name), name, request)
  await assertReferable(tx, context, own.references)
  const asIs = await withDefaults(tx, name, own, latest)
  const known = await sameVersion(tx, asIs, live)
  if (known !== undefined && isAsAsked(known, request)) {
    return { answer: known }
  }
  const content = request.schemaId === undefined ? numbered(asIs, rows, request.version) : asIs
  const hash = hashOf(content)
  const knownId = await readIdOfHash(tx, context, hash)
  if (request.schemaId === undefined && request.isForced !== true) {
    await assertCompatible(tx, parser, name, content, live, config)
  }
  const version = nextVersion(rows, knownId, request)
  const next = { ...content, ...name, hash, version, isDeleted: false, registeredMs: nowMs }
  return {
    seen,
    contexts,
    write: (transaction, locked) => write(transaction, locked, next, knownId, request.schemaId),
  }
}

/** A schema as it would be stored under the subject, without writing anything. */
export async function contentUnder(
  tx: ReadTransaction,
  parser: RequestParser,
  name: SubjectName,
  asked: SchemaRequest,
): Promise<SchemaContent> {
  const request = withTags(asked, asked.tags ?? noTagChanges)
  assertNamed(request.references)
  const config = await readConfigInScope(tx, name)
  const references = await pinned(tx, name.context, request.references)
  const resolved = await parser.resolve(tx, { context: name.context, references })
  const isNew = request.schemaId === undefined && config.validateNewSchemas !== false
  const parsed = await parser.read(request, resolved, isNew)
  const isNormal = request.normalize ?? config.normalize ?? false
  const { metadata, ruleSet, schemaType } = request
  return {
    schemaType,
    text: isNormal ? parsed.normalized : parsed.canonical,
    references,
    ...(metadata === undefined ? {} : { metadata }),
    ...(ruleSet === undefined ? {} : { ruleSet }),
  }
}

/** Before any of them is looked for. @throws RegistryError 42201, 42208 */
function assertNamed(references: readonly SchemaReference[]): void {
  if (references.length > referencedSchemasMax) {
    const told = `${references.length} references of ${referencedSchemasMax} that there may be`
    throw registryErrors.invalidSchema(`Too many: ${told}`)
  }
  for (const { subject } of references) parseSubject(subject)
}

/** Version -1 is the latest as of now: a schema means the same for ever. */
function pinned(
  tx: ReadTransaction,
  context: string,
  references: readonly SchemaReference[],
): Promise<SchemaReference[]> {
  const latest = async (reference: SchemaReference): Promise<SchemaReference> => {
    const { subject } = reference
    const row = await findVersion(tx, ofReference(context, subject), subject, 'latest', false)
    return { ...reference, version: row.version }
  }
  return Promise.all(references.map(async (each) => (each.version === -1 ? latest(each) : each)))
}

async function sameVersion(
  tx: ReadTransaction,
  content: SchemaContent,
  live: readonly SubjectVersion[],
): Promise<SubjectVersion | undefined> {
  const [first] = live
  if (first === undefined) return undefined
  const id = await readIdOfHash(tx, first.context, hashOf(content))
  const same = live.findLast(({ schemaId }) => schemaId === id)
  if (same !== undefined || !isNumbered(content)) return same
  const hash = hashOf(unnumbered(content))
  return live.findLast((each) => hashOf(unnumbered(each)) === hash)
}

function isAsAsked(known: SubjectVersion, { schemaId, version }: SchemaRequest): boolean {
  return (
    (schemaId === undefined || schemaId === known.schemaId) &&
    (version === undefined || version === known.version)
  )
}

/** What a topic owns nobody else builds on. @throws RegistryError 42205 */
async function assertReferable(
  tx: ReadTransaction,
  context: string,
  references: readonly SchemaReference[],
): Promise<void> {
  for (const { subject } of references) {
    const associations = await associationsOfSubject(tx, ofReference(context, subject))
    if (associations.every(({ lifecycle }) => lifecycle === 'WEAK')) continue
    const told = `Subject '${subject}' has a strong association and cannot be referenced`
    throw registryErrors.notPermitted(told)
  }
}

/** @throws RegistryError 42205 */
function assertMode(mode: RegistryMode, name: SubjectName, { schemaId }: SchemaRequest): void {
  const told = qualified(name)
  if (schemaId !== undefined && mode !== 'IMPORT') {
    throw registryErrors.notPermitted(`Subject ${told} is not in import mode`)
  }
  if (schemaId === undefined && mode === 'IMPORT') {
    throw registryErrors.notPermitted(`Subject ${told} is in import mode: give id and version`)
  }
  if (mode === 'READONLY' || mode === 'READONLY_OVERRIDE' || mode === 'FORWARD') {
    throw registryErrors.notPermitted(`Subject ${told} is in read-only mode`)
  }
}

/** What says nothing of metadata or rules has those of the version before. */
async function withDefaults(
  tx: ReadTransaction,
  name: SubjectName,
  own: SchemaContent,
  latest: SubjectVersion | undefined,
): Promise<SchemaContent> {
  const config = await readConfigInScope(tx, name)
  const { metadata: ownMetadata, ruleSet: ownRuleSet, ...rest } = own
  const metadata = mergedMetadata(config, ownMetadata ?? latest?.metadata)
  const ruleSet = mergedRuleSet(config, ownRuleSet ?? latest?.ruleSet)
  return {
    ...rest,
    ...(metadata === undefined ? {} : { metadata }),
    ...(ruleSet === undefined ? {} : { ruleSet }),
  }
}

/** @throws RegistryError 409 */
async function assertCompatible(
  tx: ReadTransaction,
  parser: RequestParser,
  name: SubjectName,
  content: SchemaContent,
  live: readonly SubjectVersion[],
  config: RegistryConfig | undefined,
): Promise<void> {
  const found = await conflictsOf(tx, parser, name, content, live, config)
  if (found.conflicts.length === 0) return
  const subject = JSON.stringify(qualified(name))
  const details = describeConflicts(found).join(', ')
  throw registryErrors.incompatible(
    `Schema being registered is incompatible with an earlier schema for subject ${subject}, ` +
      `details: [${details}]`,
  )
}

/** @throws RegistryError 42201, 42205, 42207: the version, or the id, is taken by another schema. */
function nextVersion(
  rows: readonly RegistryVersionRow[],
  knownId: number | undefined,
  { schemaId, version }: SchemaRequest,
): number {
  const next = (rows.at(-1)?.version ?? 0) + 1
  if (schemaId === undefined) {
    if (version === undefined || version === next) return next
    throw registryErrors.invalidSchema(`Version ${version} is not the next one, which is ${next}`)
  }
  if (knownId !== undefined && knownId !== schemaId) {
    const told = `Schema already registered with id ${knownId} instead of input id ${schemaId}`
    throw registryErrors.idMismatch(told)
  }
  const wanted = version === undefined || version < 1 ? next : version
  const taken = rows.find((row) => row.version === wanted)
  if (taken !== undefined && taken.schemaId !== schemaId) {
    const told = `version ${wanted} with id ${taken.schemaId}`
    throw registryErrors.notPermitted(`Overwrite of ${told} with id ${schemaId} is not permitted`)
  }
  return wanted
}

async function write(
  tx: Transaction,
  rows: Map<string, RegistryContextRow>,
  next: Omit<SubjectVersion, 'schemaId'>,
  knownId: number | undefined,
  importedId: number | undefined,
): Promise<SubjectVersion> {
  const { context, subject, version, hash, text, schemaType, registeredMs } = next
  const row = rows.get(context) as RegistryContextRow
  // The same request may have registered the same content under another subject.
  const sameId = knownId ?? (await readIdOfHash(tx, context, hash))
  const schemaId = importedId ?? sameId ?? row.nextId
  if (sameId === undefined) {
    const [taken] = await readSchemas(tx, context, [schemaId])
    if (taken !== undefined) {
      const told = `Overwrite new schema with id ${schemaId} is not permitted`
      throw registryErrors.notPermitted(told)
    }
    rows.set(context, { ...row, nextId: Math.max(row.nextId, schemaId + 1) })
    const facets = encodeFacets(next)
    await tx.put(registrySchemas, [{ context, schemaId, schemaType, text, facets, hash }])
    await tx.put(registryHashes, [{ context, hash, schemaId }])
    const references = next.references.map((each) => {
      const name = ofReference(context, each.subject)
      return { ...name, version: each.version, byContext: context, byId: schemaId }
    })
    if (references.length > 0) await tx.put(registryReferences, references)
  }
  const [before] = await tx.get(registryVersions, [[context, subject, version]])
  const state = { schemaId, deleted: 0, registeredMs }
  await tx.put(registryVersions, [{ context, subject, version, ...state }])
  await tx.put(registryUses, [{ context, schemaId, subject, version }])
  const [counts = { context, subject, versions: 0, live: 0 }] = await tx.get(registrySubjects, [
    [context, subject],
  ])
  const versions = counts.versions + (before === undefined ? 1 : 0)
  const live = counts.live + (before?.deleted === 0 ? 0 : 1)
  await tx.put(registrySubjects, [{ ...counts, versions, live }])
  return { ...next, schemaId }
}
