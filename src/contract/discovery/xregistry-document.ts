/** Contracts, topics and schemas as one document of xRegistry 1.0-rc4. */
import { formatIsoTime } from '../../base/iso-time.ts'
import type { SubjectVersion } from '../../registry/subject-version.ts'
import type { SchemaType } from '../../registry/schema/schema-format.ts'
import { defaultContext, type SubjectName } from '../../registry/subject-name.ts'
import type { CompatibilityLevel } from '../../registry/schema/compatibility.ts'
import type { Contract } from '../contract.ts'
import { subjectOf } from '../store/wanted.ts'
import type { AppliedContract } from './applied-contracts.ts'
import { XregistryIds } from './xregistry-ids.ts'
import { kafkaProtocol, messageOf, type MessageSchema, protocolOf } from './xregistry-message.ts'

type Json = Readonly<Record<string, unknown>>

export interface ExportedSubject extends SubjectName {
  /** Oldest first. */
  readonly versions: readonly SubjectVersion[]
  readonly level: CompatibilityLevel
}

export interface XregistryParts {
  readonly clusterId: string
  /** HOST:PORT at which Kafka clients begin. */
  readonly bootstrap: string
  readonly applied: readonly AppliedContract[]
  readonly subjects: readonly ExportedSubject[]
}

/** The version of the specification that documents are written to. */
const specVersion = '1.0-rc4'

export function xregistryDocument(parts: XregistryParts): Json {
  const { clusterId, bootstrap, applied, subjects } = parts
  const groups = new XregistryIds()
  const readable = applied.flatMap(({ parsed }) =>
    parsed.contract === undefined ? [] : [{ contract: parsed.contract, at: parsed.appliedMs }],
  )
  const schemas = new SchemaPlaces()
  const schemagroups = schemaGroups(subjects, schemas)
  const of = (contract: Contract): string => groups.of(contract.id)
  return {
    specversion: specVersion,
    registryid: clusterId,
    messagegroups: Object.fromEntries(
      readable.map(({ contract, at }) => [
        of(contract),
        messageGroup(contract, of(contract), at, subjects, schemas),
      ]),
    ),
    endpoints: Object.fromEntries(
      readable.flatMap(({ contract }) => endpointsOf(contract, of(contract), bootstrap)),
    ),
    schemagroups,
  }
}

/** Where each subject stands in the document. */
class SchemaPlaces {
  readonly #groups = new XregistryIds()
  readonly #schemas = new Map<string, XregistryIds>()

  group(context: string): string {
    return this.#groups.of(context === defaultContext ? 'default' : context)
  }

  schema({ context, subject }: SubjectName): string {
    const group = this.group(context)
    let ids = this.#schemas.get(group)
    if (ids === undefined) this.#schemas.set(group, (ids = new XregistryIds()))
    return ids.of(subject)
  }
}

function schemaGroups(subjects: readonly ExportedSubject[], places: SchemaPlaces): Json {
  const byContext = Map.groupBy(subjects, ({ context }) => context)
  return Object.fromEntries(
    [...byContext].map(([context, own]) => {
      const schemagroupid = places.group(context)
      const schemas = own.map((each) => {
        const schemaid = places.schema(each)
        return [schemaid, schemaOf(each, schemaid)] as const
      })
      const name = schemagroupid === context ? {} : { name: context }
      return [schemagroupid, { schemagroupid, ...name, schemas: Object.fromEntries(schemas) }]
    }),
  )
}

function schemaOf({ subject, versions, level }: ExportedSubject, schemaid: string): Json {
  const compatibility = level === 'NONE' ? {} : { compatibility: level.toLowerCase() }
  const defaultversionid = String(versions.at(-1)?.version ?? '')
  return {
    schemaid,
    ...(schemaid === subject ? {} : { name: subject }),
    meta: { schemaid, ...compatibility, defaultversionid },
    versions: Object.fromEntries(
      versions.map((each, at) => {
        const versionid = String(each.version)
        const ancestorid = String((versions[at - 1] ?? each).version)
        return [versionid, { schemaid, versionid, ancestorid, ...versionOf(each) }]
      }),
    ),
  }
}

function versionOf({ schemaType, text, registeredMs, metadata, schemaId }: SubjectVersion): Json {
  const createdat = formatIsoTime(registeredMs)
  return {
    ...{ createdat, modifiedat: createdat },
    labels: { schemaid: String(schemaId), ...metadata?.properties },
    format: formatOf(schemaType, text),
    schema: schemaType === 'PROTOBUF' ? text : (JSON.parse(text) as unknown),
  }
}

const drafts: readonly (readonly [part: string, format: string])[] = [
  ['draft-04', 'JsonSchema/draft-04'],
  ['draft-06', 'JsonSchema/draft-06'],
  ['draft-07', 'JsonSchema/draft-07'],
  ['draft/2019-09', 'JsonSchema/draft/2019-09'],
  ['draft/2020-12', 'JsonSchema/draft/2020-12'],
]

/** A JSON Schema that names no draft is read as draft 7, as the registry reads it. */
function formatOf(type: SchemaType, text: string): string {
  if (type === 'AVRO') return 'Avro/1.11'
  if (type === 'PROTOBUF') {
    const edition = /^\s*edition\s*=\s*"(\w+)"/m.exec(text)?.[1]
    return `Protobuf/${edition ?? (/^\s*syntax\s*=\s*"proto3"/m.test(text) ? '3' : '2')}`
  }
  const parsed = JSON.parse(text) as { $schema?: unknown } | boolean
  const given = typeof parsed === 'object' ? parsed.$schema : undefined
  const named = typeof given === 'string' ? given : ''
  return drafts.find(([part]) => named.includes(part))?.[1] ?? 'JsonSchema/draft-07'
}

function messageGroup(
  contract: Contract,
  messagegroupid: string,
  appliedMs: number,
  subjects: readonly ExportedSubject[],
  places: SchemaPlaces,
): Json {
  const ids = new XregistryIds()
  const createdat = formatIsoTime(appliedMs)
  const messages = contract.events.map((event) => {
    const messageid = ids.of(event.name)
    const schema = schemaFor(contract, subjectOf(event.topic, 'value'), subjects, places)
    return [messageid, { messageid, ...messageOf(contract, event, schema) }] as const
  })
  return {
    ...{ messagegroupid, createdat, modifiedat: createdat, ...protocolOf(contract) },
    messages: Object.fromEntries(messages),
  }
}

/** The version that the contract in force has registered, else the latest. */
function schemaFor(
  { id, version }: Contract,
  subject: string,
  subjects: readonly ExportedSubject[],
  places: SchemaPlaces,
): MessageSchema | undefined {
  const found = subjects.find((each) => each.context === defaultContext && each.subject === subject)
  const isOurs = ({ metadata }: SubjectVersion): boolean =>
    metadata?.properties?.['contract.id'] === id &&
    metadata.properties['contract.version'] === version
  const chosen = found?.versions.findLast(isOurs) ?? found?.versions.at(-1)
  if (found === undefined || chosen === undefined) return undefined
  const { schemaType, text } = chosen
  const uri = `/schemagroups/${places.group(found.context)}/schemas/${places.schema(found)}`
  return { format: formatOf(schemaType, text), uri: `${uri}/versions/${chosen.version}` }
}

/** Where events of a topic go in, and where they are read: one each, as Kafka has no other way. */
function endpointsOf(
  contract: Contract,
  messagegroupid: string,
  bootstrap: string,
): [string, Json][] {
  const ids = new XregistryIds()
  return contract.events.flatMap(({ topic }) =>
    (['producer', 'subscriber'] as const).map((usage): [string, Json] => {
      const endpointid = ids.of(`${topic}:${usage}`)
      const endpoints = [{ 'bootstrap.servers': [bootstrap] }]
      const envelope = contract.enforcement.encoding === 'cloudevents'
      return [
        endpointid,
        {
          ...{ endpointid, usage: [usage], channel: topic },
          ...(envelope ? { envelope: protocolOf(contract)['envelope'] } : {}),
          protocol: kafkaProtocol,
          protocoloptions: { endpoints, topic },
          messagegroups: [`/messagegroups/${messagegroupid}`],
        },
      ]
    }),
  )
}
