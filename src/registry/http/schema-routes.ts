/** Schemas by id, by GUID, and all of them. */
import { schemaOfHash, schemaOfId, usesOfId } from '../lookups.ts'
import { lifecycleOf } from '../associations/association-request.ts'
import { type AssociatedWith, listSchemas, type SchemasQuestion } from '../list-schemas.ts'
import type { SchemaRequest } from '../register.ts'
import { registryErrors } from '../registry-error.ts'
import { readIdsOfHash, type StoredSchema } from '../registry-reads.ts'
import { hashOfGuid } from '../schema-content.ts'
import { anyContext } from '../subject-name.ts'
import { type AnswerOptions, associationAnswer, schemaAnswer, versionAnswer } from './answers.ts'
import type { Call, Route } from './route.ts'

/**
 * What `?format=` asks for, in small letters. A name that no language knows is no error: newer
 * clients may know more, and are told the schema as it is.
 *
 * @throws RegistryError 422: what is sent, too, would be in a language that nothing here reads.
 */
function formatOf(call: Call): string {
  const format = (call.text('format') ?? '').trim().toLowerCase()
  if (format !== 'logical') return format === 'default' ? '' : format
  throw registryErrors.invalidRequest(
    '?format=logical is not there: this registry has Avro, JSON Schema and Protobuf only',
  )
}

/** @throws RegistryError 422 */
function qualifiesReferences(call: Call): boolean {
  const notation = call.text('referenceFormat')?.toUpperCase() ?? ''
  if (['', 'DEFAULT', 'QUALIFIED'].includes(notation)) return notation === 'QUALIFIED'
  throw registryErrors.invalidRequest(
    `?referenceFormat= must be DEFAULT or QUALIFIED, not ${notation}`,
  )
}

/** Before anything is written that is to be told in a notation. @throws RegistryError 422 */
export function assertNotations(call: Call): void {
  formatOf(call)
  qualifiesReferences(call)
}

/** The schema's text in the notation of `?format=`. */
export async function textOf(call: Call, schema: StoredSchema, fallback = ''): Promise<string> {
  const format = call.text('format') === undefined ? fallback : formatOf(call)
  if (format === '') return schema.text
  return call.registry.study(async (tx, parser) => {
    return (await parser.formatted(tx, schema, format)) ?? schema.text
  })
}

/** Clients of Protobuf that send a descriptor keep the answer in its place. */
function isSerialized({ schemaType, text }: SchemaRequest): boolean {
  return schemaType === 'PROTOBUF' && /^[A-Za-z0-9+/]+=*$/.test(text)
}

/**
 * @param sent what was asked with: told in the same notation
 * @throws RegistryError 422
 */
export async function optionsOf(
  call: Call,
  schema: StoredSchema,
  sent?: SchemaRequest,
): Promise<AnswerOptions> {
  return {
    text: await textOf(call, schema, sent !== undefined && isSerialized(sent) ? 'serialized' : ''),
    findTags: call.all('findTags'),
    qualifiesReferences: qualifiesReferences(call),
  }
}

function byId(call: Call): Promise<StoredSchema> {
  return call.registry.look((tx) => schemaOfId(tx, call.schemaId, call.askedSubject))
}

/** @throws RegistryError 40403 */
function hashIn(call: Call): string {
  const hash = hashOfGuid(call.name('guid'))
  if (hash === undefined) throw registryErrors.schemaNotFound()
  return hash
}

function questionOf(call: Call): SchemasQuestion {
  const ruleType = call.text('ruleType') ?? ''
  return {
    prefix: call.prefix(anyContext),
    which: call.which,
    latestOnly: call.flag('latestOnly') ?? false,
    aliases: call.flag('aliases') ?? false,
    ruleType: ruleType === '' ? undefined : ruleType,
    associated: associatedWith(call),
  }
}

/** Undefined where nothing is asked. @throws RegistryError 42212 */
function associatedWith(call: Call): AssociatedWith | undefined {
  const [resourceType, associationTypes] = [call.text('resourceType'), call.all('associationType')]
  const lifecycles = call
    .all('lifecycle')
    .map((text) => (text.toUpperCase() === 'NONE' ? 'NONE' : lifecycleOf(text)))
  const isAsked = resourceType !== undefined || associationTypes.length + lifecycles.length > 0
  return isAsked ? { filter: { resourceType, associationTypes }, lifecycles } : undefined
}

export const schemaRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/schemas',
    summary: 'Versions of subjects, with their schemas',
    query: [
      'subjectPrefix',
      'aliases',
      'deleted',
      'deletedOnly',
      'latestOnly',
      'ruleType',
      'resourceType',
      'associationType',
      'lifecycle',
      'offset',
      'limit',
    ],
    answer: async (call) => {
      const question = questionOf(call)
      const listed = await call.registry.look((tx) => listSchemas(tx, question))
      return call.page(listed).map(({ found, aliases, associations }) => ({
        ...versionAnswer(found),
        ...(aliases.length === 0 ? {} : { aliases }),
        ...(associations.length === 0 ? {} : { associations: associations.map(associationAnswer) }),
      }))
    },
  },
  {
    method: 'GET',
    path: '/schemas/types',
    summary: 'Schema languages',
    answer: async ({ registry }) => registry.parser.types,
  },
  {
    method: 'GET',
    path: '/schemas/ids/:id',
    summary: 'The schema of an id',
    query: ['subject', 'format', 'referenceFormat', 'findTags', 'fetchMaxId'],
    answer: async (call) => {
      const schema = await byId(call)
      const answer = schemaAnswer(schema, await optionsOf(call, schema))
      if (call.flag('fetchMaxId') !== true) return answer
      return { ...answer, maxId: await call.registry.maxId(schema.context) }
    },
  },
  {
    method: 'GET',
    path: '/schemas/ids/:id/schema',
    summary: 'Only its text',
    query: ['subject', 'format'],
    answer: async (call) => textOf(call, await byId(call)),
  },
  {
    method: 'GET',
    path: '/schemas/ids/:id/subjects',
    summary: 'Subjects that have it',
    query: ['subject', 'deleted', 'deletedOnly', 'offset', 'limit'],
    answer: async (call) => {
      const uses = await call.registry.look((tx) =>
        usesOfId(tx, call.schemaId, call.askedSubject, call.which),
      )
      return call.page([...new Set(uses.map(({ subject }) => subject))])
    },
  },
  {
    method: 'GET',
    path: '/schemas/ids/:id/versions',
    summary: 'Subjects and versions that have it',
    query: ['subject', 'deleted', 'deletedOnly', 'offset', 'limit'],
    answer: async (call) => {
      const { schemaId, askedSubject, which } = call
      return call.page(
        await call.registry.look((tx) => usesOfId(tx, schemaId, askedSubject, which)),
      )
    },
  },
  {
    method: 'GET',
    path: '/schemas/guids/:guid',
    summary: 'The schema of a GUID',
    query: ['format', 'referenceFormat', 'findTags'],
    answer: async (call) => {
      const schema = await call.registry.look((tx) => schemaOfHash(tx, hashIn(call)))
      return schemaAnswer(schema, await optionsOf(call, schema))
    },
  },
  {
    method: 'GET',
    path: '/schemas/guids/:guid/ids',
    summary: 'Its id in each context',
    answer: async (call) => {
      const found = await call.registry.look((tx) => readIdsOfHash(tx, hashIn(call)))
      if (found.length === 0) throw registryErrors.schemaNotFound()
      return found.map(({ context, schemaId: id }) => ({ context, id }))
    },
  },
]
