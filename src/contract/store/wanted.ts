/** What a contract wants of the cluster: a topic and its subjects for each kind of event. */
import type { SchemaRequest } from '../../registry/register.ts'
import type { RegistryConfig } from '../../registry/registry-config.ts'
import type { Contract, EventProperty, EventSchema, SchemaFile } from '../contract.ts'
import type { RecordPart } from '../check/record.ts'
import { eventJsonSchema } from '../event-json-schema.ts'

export interface WantedEvent {
  readonly event: EventSchema
  readonly topic: string
  readonly partitions: number | undefined
  readonly configs: Readonly<Record<string, string>>
  /** The topic for what is set aside; undefined where nothing is. */
  readonly quarantine: QuarantineTopic | undefined
  /** The value's, and the key's where its schema is agreed on. */
  readonly subjects: readonly WantedSubject[]
  readonly subjectConfig: RegistryConfig
}

export interface WantedSubject {
  readonly part: RecordPart
  readonly subject: string
  readonly schema: SchemaRequest
}

/** As serializers name subjects by default, by topic. */
export const subjectOf = (topic: string, part: RecordPart): string => `${topic}-${part}`

export interface QuarantineTopic {
  readonly topic: string
  readonly configs: Readonly<Record<string, string>>
}

/** How a topic names the revision that it is under. */
export const bindingOf = (contractId: string, revision: number): string =>
  `${contractId}@${revision}`

/**
 * @param files texts of the files that the contract names, by path.
 * @throws Error a file is not among them.
 */
export function wantedOf(
  contract: Contract,
  files: Readonly<Record<string, string>>,
): WantedEvent[] {
  return contract.events.map((event) => {
    const { operations, compatibility } = contract
    const { keySource, topic } = event
    const retention =
      operations.retentionMs === undefined ? {} : { 'retention.ms': String(operations.retentionMs) }
    const quarantine = quarantineOf(contract, event)
    return {
      event,
      topic,
      partitions: operations.partitions,
      configs: { ...retention, ...operations.configs },
      quarantine,
      subjects: [
        {
          ...{ part: 'value', subject: subjectOf(topic, 'value') },
          schema: valueSchemaOf(contract, event, files),
        },
        ...(keySource === undefined
          ? []
          : [
              {
                ...({ part: 'key', subject: subjectOf(topic, 'key') } as const),
                schema: keySchemaOf(contract, event, keySource, files),
              },
            ]),
      ],
      subjectConfig: {
        compatibilityLevel: compatibility.level,
        compatibilityPolicy: compatibility.lenient ? 'LENIENT' : 'STRICT',
      },
    }
  })
}

/** Kept as long as the topic's records, the last of each: a retry sets its records aside again. */
export function quarantineOf(
  { enforcement, operations }: Contract,
  { topic }: EventSchema,
): QuarantineTopic | undefined {
  if (enforcement.onViolation !== 'quarantine') return undefined
  const { retentionMs, configs } = operations
  const kept = configs['retention.ms'] ?? (retentionMs === undefined ? undefined : `${retentionMs}`)
  const isCompacted = configs['cleanup.policy'] === 'compact'
  return {
    topic: enforcement.quarantineTopic ?? `${topic}.quarantine`,
    configs: {
      'cleanup.policy': isCompacted ? 'compact' : 'compact,delete',
      ...(kept === undefined ? {} : { 'retention.ms': kept }),
    },
  }
}

function valueSchemaOf(
  contract: Contract,
  event: EventSchema,
  files: Readonly<Record<string, string>>,
): SchemaRequest {
  const { source } = event
  const properties = metadataOf(contract, event)
  const tags = Object.fromEntries(tagsOf(event.properties, ''))
  const metadata = { properties, ...(Object.keys(tags).length === 0 ? {} : { tags }) }
  return {
    schemaType: source?.type ?? 'JSON',
    text: source === undefined ? eventJsonSchema(event) : textOf(source, files),
    references: [],
    metadata,
  }
}

function keySchemaOf(
  contract: Contract,
  event: EventSchema,
  source: SchemaFile,
  files: Readonly<Record<string, string>>,
): SchemaRequest {
  const metadata = { properties: metadataOf(contract, event) }
  return { schemaType: source.type, text: textOf(source, files), references: [], metadata }
}

/** @throws Error */
function textOf({ file }: SchemaFile, files: Readonly<Record<string, string>>): string {
  const given = files[file]
  if (given === undefined) throw new Error(`${file} was not given`)
  return given
}

const metadataOf = (contract: Contract, event: EventSchema): Readonly<Record<string, string>> => ({
  'contract.id': contract.id,
  'contract.version': contract.version,
  'event.type': event.name,
  ...(contract.owner === undefined ? {} : { owner: contract.owner }),
})

function tagsOf(properties: readonly EventProperty[], under: string): [string, string[]][] {
  return properties.flatMap(({ name, classification, properties: parts, items }) => {
    const path = `${under}${name}`
    const own: [string, string[]][] = classification === undefined ? [] : [[path, [classification]]]
    return [...own, ...tagsOf(items === undefined ? parts : [...parts, items], `${path}.`)]
  })
}
