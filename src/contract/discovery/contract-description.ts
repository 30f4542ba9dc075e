/** A contract in force as whoever looks for data reads it: topic by topic, nothing to parse. */
import type { Contract, Enforcement, EventSchema, Fact, Operations, Reader } from '../contract.ts'
import { subjectOf } from '../store/wanted.ts'
import type { AppliedContract } from './applied-contracts.ts'
import { type EventField, fieldPaths } from './event-fields.ts'
import type { LineageEdge } from './topic-lineage.ts'

export interface ContractDescription {
  readonly contractId: string
  readonly revision: number
  readonly version: string
  readonly appliedMs: number
  readonly topics: readonly string[]
  /** Topics that take what is set aside. */
  readonly quarantines: readonly string[]
  /** Why there is nothing below; absent where it can be read. */
  readonly fault?: string
  readonly status?: string
  readonly owner?: string | undefined
  readonly approvers?: readonly string[]
  readonly tenant?: string | undefined
  readonly residency?: readonly string[]
  readonly consent?: Contract['consent']
  readonly policy?: Contract['policy']
  readonly streams?: readonly StreamDescription[]
}

export interface StreamDescription extends Omit<Operations, 'partitions' | 'configs'> {
  readonly topic: string
  readonly event: string
  readonly subject: string
  /** Of the key, where its schema is agreed on. */
  readonly keySubject: string | undefined
  /** The class of the whole. */
  readonly classification: string | undefined
  readonly fields: readonly FieldDescription[]
  readonly readers: readonly Reader[]
  readonly facts: readonly Fact[]
  readonly derivedFrom: readonly LineageEdge[]
  readonly derived: readonly LineageEdge[]
  readonly enforcement: Enforcement
  readonly compatibility: Contract['compatibility']
}

export interface FieldDescription {
  readonly path: string
  readonly type: string
  readonly required: boolean
  readonly classification: string | undefined
}

/** @param edges of all contracts, so that what others make of a topic is told, too. */
export function describeContract(
  applied: AppliedContract,
  edges: readonly LineageEdge[],
): ContractDescription {
  const { contractId, revision, topics, quarantines, parsed } = applied
  const { version, appliedMs, contract, fields } = parsed
  const row = { contractId, revision, version, appliedMs, topics, quarantines }
  if (contract === undefined) {
    return { ...row, fault: 'this release cannot read the file: karst contract lint tells why' }
  }
  const { status, owner, approvers, tenant, residency, consent, policy } = contract
  return {
    ...row,
    ...{ status, owner, approvers, tenant, residency, consent, policy },
    streams: contract.events.map((event) =>
      describeStream(contract, event, fields.get(event.name) ?? [], edges),
    ),
  }
}

function describeStream(
  contract: Contract,
  { name, topic, classification, keySource }: EventSchema,
  fields: readonly EventField[],
  edges: readonly LineageEdge[],
): StreamDescription {
  const { readers, facts, enforcement, compatibility, operations } = contract
  const { key, retentionMs, replayMs, freshnessMs, rollback, lossPerMillion } = operations
  return {
    ...{ topic, event: name, subject: subjectOf(topic, 'value'), classification },
    keySubject: keySource === undefined ? undefined : subjectOf(topic, 'key'),
    fields: fieldPaths(fields).map(({ path, field }) => {
      return {
        path,
        type: field.type,
        required: field.required,
        classification: field.classification,
      }
    }),
    ...{ readers, facts },
    derivedFrom: edges.filter(({ to }) => to === topic),
    derived: edges.filter(({ from }) => from === topic),
    ...{ key, retentionMs, replayMs, freshnessMs, lossPerMillion, rollback },
    ...{ enforcement, compatibility },
  }
}
