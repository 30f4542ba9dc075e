/** Topics under contract as dataset events of OpenLineage: who owns them, and what they come of. */
import { formatIsoTime } from '../../base/iso-time.ts'
import type { Contract, EventSchema } from '../contract.ts'
import type { AppliedContract } from './applied-contracts.ts'
import { type EventField, fieldPaths } from './event-fields.ts'
import { lineageEdges, type LineageEdge } from './topic-lineage.ts'

type Json = Readonly<Record<string, unknown>>

export interface OpenLineageParts {
  readonly clusterId: string
  /** HOST:PORT at which Kafka clients begin; part of every dataset's name. */
  readonly bootstrap: string
  /** All that is applied: what others mask into a topic is in its lineage. */
  readonly applied: readonly AppliedContract[]
  /** Only datasets of this one. */
  readonly contractId: string | undefined
}

/** Versions of the specification, and of each facet, that events are written to. */
const specification = 'https://openlineage.io/spec'
const eventSchema = `${specification}/2-0-2/OpenLineage.json#/$defs/DatasetEvent`
const facetSchemas = {
  columnLineage: '1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet',
  datasetType: '1-0-1/DatasetTypeDatasetFacet.json#/$defs/DatasetTypeDatasetFacet',
  lineage: '1-0-0/LineageFacet.json#/$defs/LineageDatasetFacet',
  ownership: '1-0-1/OwnershipDatasetFacet.json#/$defs/OwnershipDatasetFacet',
  schema: '1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet',
  tags: '1-0-0/TagsDatasetFacet.json#/$defs/TagsDatasetFacet',
  version: '1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet',
} as const
type FacetName = keyof typeof facetSchemas

interface Declared {
  readonly contract: Contract
  readonly event: EventSchema
  readonly fields: readonly EventField[]
}

/** By contract and topic. */
export function openLineageEvents(parts: OpenLineageParts): Json[] {
  const { clusterId, bootstrap, applied, contractId } = parts
  const producer = `urn:karst:cluster:${encodeURIComponent(clusterId)}`
  const namespace = `kafka://${bootstrap}`
  const contracts = applied.flatMap(({ parsed }) => parsed.contract ?? [])
  const edges = lineageEdges(contracts)
  const declared = declaredTopics(applied)
  return applied
    .filter((each) => contractId === undefined || each.contractId === contractId)
    .flatMap(({ parsed: { contract, appliedMs } }) =>
      (contract?.events ?? []).map(({ topic: name }) => {
        const own = declared.get(name) as Declared
        const facets = facetsOf(own, { namespace, edges, declared })
        const withHead = Object.entries(facets).map(([facet, body]) => {
          const _schemaURL = `${specification}/facets/${facetSchemas[facet as FacetName]}`
          return [facet, { _producer: producer, _schemaURL, ...body }] as const
        })
        return {
          ...{ eventTime: formatIsoTime(appliedMs), producer, schemaURL: eventSchema },
          dataset: { namespace, name, facets: Object.fromEntries(withHead) },
        }
      }),
    )
}

function declaredTopics(applied: readonly AppliedContract[]): Map<string, Declared> {
  const found = new Map<string, Declared>()
  for (const { parsed } of applied) {
    const { contract } = parsed
    for (const event of contract?.events ?? []) {
      const fields = parsed.fields.get(event.name) ?? []
      found.set(event.topic, { contract: contract as Contract, event, fields })
    }
  }
  return found
}

interface Surroundings {
  readonly namespace: string
  readonly edges: readonly LineageEdge[]
  readonly declared: ReadonlyMap<string, Declared>
}

function facetsOf(own: Declared, around: Surroundings): Partial<Record<FacetName, Json>> {
  const { contract, event, fields } = own
  const edges = around.edges.filter(({ to }) => to === event.topic)
  const columns = columnLineage(own, edges, around)
  return {
    schema: { fields: fields.map(schemaField) },
    version: { datasetVersion: contract.version },
    datasetType: { datasetType: 'TOPIC' },
    ...(contract.owner === undefined ? {} : { ownership: { owners: ownersOf(contract) } }),
    tags: { tags: tagsOf(own) },
    ...(edges.length === 0
      ? {}
      : { lineage: { inputs: edges.map((edge) => inputOf(edge, around.namespace)) } }),
    ...(columns === undefined ? {} : { columnLineage: { fields: columns } }),
  }
}

function schemaField({ name, type, description, fields }: EventField): Json {
  return {
    ...{ name, type },
    ...(description === undefined ? {} : { description }),
    ...(fields.length === 0 ? {} : { fields: fields.map(schemaField) }),
  }
}

function ownersOf({ owner, approvers }: Contract): Json[] {
  return [
    { name: `team:${owner}`, type: 'OWNER' },
    ...approvers.map((name) => ({ name, type: 'APPROVER' })),
  ]
}

function tagsOf({ contract, event, fields }: Declared): Json[] {
  const source = 'CONTRACT'
  const { id, status, tenant, residency, consent, operations } = contract
  const whole: [string, string | undefined][] = [
    ['contract', id],
    ['event', event.name],
    ['status', status],
    ['tenant', tenant],
    ['classification', event.classification],
    ...residency.map((region): [string, string] => ['residency', region]),
    ...(consent?.purposes ?? []).map((purpose): [string, string] => ['purpose', purpose]),
    ['retention.ms', operations.retentionMs?.toString()],
  ]
  const ofWhole = whole.flatMap(([key, value]) =>
    value === undefined ? [] : { key, value, source },
  )
  const ofFields = fieldPaths(fields).flatMap(({ path, field }) => {
    const { classification: value } = field
    return value === undefined ? [] : { key: 'classification', value, source, field: path }
  })
  return [...ofWhole, ...ofFields]
}

function inputOf({ from: name, transform, isMasking }: LineageEdge, namespace: string): Json {
  const description = transform === '' ? {} : { description: transform }
  const transformation = { type: 'DIRECT', subtype: 'TRANSFORMATION', ...description }
  return {
    ...{ namespace, name, type: 'DATASET' },
    transformations: [{ ...transformation, masking: isMasking }],
  }
}

/**
 * Of a topic that masked events go to: which field of the source each of its fields is, and whether
 * the plan masks it. Undefined where no plan says.
 */
function columnLineage(
  { fields }: Declared,
  edges: readonly LineageEdge[],
  { namespace, declared }: Surroundings,
): Json | undefined {
  const masking = edges.filter(({ isMasking }) => isMasking)
  if (masking.length === 0) return undefined
  const columns = fieldPaths(fields).flatMap(({ path }): [string, Json][] => {
    const inputFields = masking.flatMap((edge) => {
      const source = declared.get(edge.from)
      const transformation = source === undefined ? undefined : stepFor(source, path)
      if (transformation === undefined) return []
      return [{ namespace, name: edge.from, field: path, transformations: [transformation] }]
    })
    return inputFields.length === 0 ? [] : [[path, { inputFields }]]
  })
  return Object.fromEntries(columns)
}

/** Undefined where the source has no such field, or the plan drops it. */
function stepFor({ contract, fields }: Declared, path: string): Json | undefined {
  const found = fieldPaths(fields).find((each) => each.path === path)
  if (found === undefined) return undefined
  const rule = contract.masking?.rules.find(({ tag }) => tag === found.field.classification)
  if (rule?.op === 'drop') return undefined
  if (rule === undefined) return { type: 'DIRECT', subtype: 'IDENTITY', masking: false }
  return { type: 'DIRECT', subtype: 'TRANSFORMATION', description: rule.op, masking: true }
}
