/**
 * An event contract: what producers, readers and operators of a topic agreed on, in four layers.
 * Written as one file of the Open Data Contract Standard (ODCS 3.1); what that has no word for
 * stands in its customProperties under names that begin with `ai.`.
 */
import type { CompatibilityLevel } from '../registry/schema/compatibility.ts'

export interface Contract {
  readonly id: string
  /** MAJOR.MINOR.PATCH */
  readonly version: string
  readonly status: ContractStatus
  readonly tenant: string | undefined
  readonly owner: string | undefined
  /** Who may agree to what the contract does not allow by itself. */
  readonly approvers: readonly string[]
  readonly events: readonly EventSchema[]
  readonly readers: readonly Reader[]
  /** Layer of identity, time and trace, and of governance: where each fact lives. */
  readonly facts: readonly Fact[]
  readonly enforcement: Enforcement
  readonly compatibility: { readonly level: CompatibilityLevel; readonly lenient: boolean }
  readonly rules: readonly DomainRule[]
  readonly consent: Consent | undefined
  readonly residency: readonly string[]
  readonly policy: { readonly id: string; readonly version: string } | undefined
  readonly masking: Masking | undefined
  readonly lineage:
    | { readonly derivedFrom: readonly string[]; readonly transform: string }
    | undefined
  readonly operations: Operations
}

export const contractStatuses = ['proposed', 'draft', 'active', 'deprecated', 'retired'] as const
export type ContractStatus = (typeof contractStatuses)[number]

/** One kind of event, and the topic that carries it. */
export interface EventSchema {
  readonly name: string
  readonly topic: string
  readonly properties: readonly EventProperty[]
  /** In the place of properties: a schema that stands in a file of its own. */
  readonly source: SchemaFile | undefined
  /** What keys are held to. Undefined: keys are any bytes. */
  readonly keySource: SchemaFile | undefined
  /** Of the whole; no property's is higher. */
  readonly classification: string | undefined
}

/** Relative to the contract's file. */
export interface SchemaFile {
  readonly type: 'AVRO' | 'JSON' | 'PROTOBUF'
  readonly file: string
}

export interface EventProperty {
  readonly name: string
  readonly type: LogicalType
  readonly required: boolean
  readonly description: string | undefined
  readonly classification: string | undefined
  /** Of an object. */
  readonly properties: readonly EventProperty[]
  /** Of an array. */
  readonly items: EventProperty | undefined
  /** As ODCS names them: minLength, maximum, pattern, format … */
  readonly options: Readonly<Record<string, string | number | boolean>>
  /** Values that it can have. */
  readonly values: readonly string[]
  /** Evaluators read them as labels: none is added, taken or renamed without an approver. */
  readonly frozenLabels: boolean
}

export const logicalTypes = [
  'string',
  'date',
  'timestamp',
  'time',
  'number',
  'integer',
  'object',
  'array',
  'boolean',
] as const
export type LogicalType = (typeof logicalTypes)[number]

/** Classes of data, the least sensitive first. */
export const classifications = [
  'public',
  'internal',
  'confidential',
  'personal',
  'restricted',
] as const
export type Classification = (typeof classifications)[number]

export const factNames = [
  'event-id',
  'event-type',
  'source',
  'occurred-at',
  'recorded-at',
  'expires-at',
  'trace',
  'correlation',
  'causation',
  'conversation',
  'actor',
  'agent',
  'on-behalf-of',
  'classification',
  'consent',
  'purpose',
  'tenant',
  'residency',
  'policy',
  'lineage',
] as const
export type FactName = (typeof factNames)[number]

/** A fact about each event, and where whoever needs it finds it. */
export interface Fact {
  readonly fact: FactName
  /** `catalog`: the contract itself says it, once for all events. */
  readonly in: 'value' | 'header' | 'key' | 'catalog'
  /** Path in the value with dots, or the header's name; '' of key and catalog. */
  readonly at: string
  readonly required: boolean
  /** Nothing but these. Empty: anything. */
  readonly oneOf: readonly string[]
}

export const violationActions = ['off', 'warn', 'quarantine', 'reject'] as const
export type ViolationAction = (typeof violationActions)[number]

export interface Enforcement {
  readonly stage: 'client' | 'gateway' | 'server'
  readonly onViolation: ViolationAction
  /** Where the broker does not refuse: the topic that takes what it sets aside. */
  readonly quarantineTopic: string | undefined
  /** How the schema's id is told: in front of the payload, in a header, or not at all. */
  readonly encoding: Encoding
  /** `id`: with encoding registry, that the schema is the topic's; nobody looks at the payload. */
  readonly check: CheckDepth
}

export const encodings = ['plain', 'registry', 'cloudevents'] as const
export type Encoding = (typeof encodings)[number]

export const checkDepths = ['payload', 'id'] as const
export type CheckDepth = (typeof checkDepths)[number]

/** An expression in CEL over `value`, `key` and `headers` that must be true. */
export interface DomainRule {
  readonly name: string
  readonly expr: string
  /** To the developer of a producer: what to do. */
  readonly message: string
}

export interface Consent {
  readonly purposes: readonly string[]
  readonly required: boolean
}

export interface Masking {
  readonly plan: string
  readonly target: string
  readonly rules: readonly MaskingRule[]
}

/** From the weakest to the strongest; what is further right tells less. */
export const maskingOperations = ['tokenise', 'hmac', 'hash', 'encrypt', 'redact', 'drop'] as const
export type MaskingOperation = (typeof maskingOperations)[number]

export interface MaskingRule {
  /** A classification. */
  readonly tag: string
  readonly op: MaskingOperation
  readonly scope: string | undefined
  readonly keyBy: string | undefined
}

/** Who reads the topic, and how late is too late. */
export interface Reader {
  readonly role: string
  readonly access: string
  /** Undefined: whenever. */
  readonly delayMsMax: number | undefined
}

export interface Operations {
  readonly partitions: number | undefined
  /** The property that is the record's key, as text; a path with dots. */
  readonly key: string | undefined
  readonly configs: Readonly<Record<string, string>>
  readonly retentionMs: number | undefined
  readonly freshnessMs: number | undefined
  readonly replayMs: number | undefined
  readonly rollback: string | undefined
  /** How many of a million events may be missing. */
  readonly lossPerMillion: number | undefined
}
