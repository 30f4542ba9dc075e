/**
 * The fields that a contract's file may have, by where they stand: what the parser refuses others
 * by, and what the file's JSON Schema is made of.
 */
import type { LogicalType } from '../contract.ts'

export const knownFields = {
  contract: [
    'apiVersion',
    'kind',
    'id',
    'version',
    'status',
    'name',
    'tenant',
    'tags',
    'domain',
    'dataProduct',
    'description',
    'servers',
    'schema',
    'support',
    'price',
    'team',
    'roles',
    'slaDefaultElement',
    'slaProperties',
    'authoritativeDefinitions',
    'customProperties',
    'contractCreatedTs',
  ],
  event: [
    'id',
    'name',
    'physicalName',
    'physicalType',
    'logicalType',
    'description',
    'businessName',
    'dataGranularityDescription',
    'authoritativeDefinitions',
    'tags',
    'customProperties',
    'properties',
    'quality',
    'relationships',
  ],
  property: [
    'id',
    'name',
    'physicalName',
    'physicalType',
    'logicalType',
    'logicalTypeOptions',
    'description',
    'businessName',
    'authoritativeDefinitions',
    'tags',
    'customProperties',
    'primaryKey',
    'primaryKeyPosition',
    'required',
    'unique',
    'partitioned',
    'partitionKeyPosition',
    'classification',
    'encryptedName',
    'criticalDataElement',
    'transformSourceObjects',
    'transformLogic',
    'transformDescription',
    'examples',
    'quality',
    'relationships',
    'properties',
    'items',
  ],
  sla: [
    'id',
    'property',
    'value',
    'valueExt',
    'unit',
    'element',
    'driver',
    'description',
    'scheduler',
    'schedule',
  ],
  role: [
    'id',
    'role',
    'description',
    'access',
    'firstLevelApprovers',
    'secondLevelApprovers',
    'customProperties',
  ],
  customProperty: ['id', 'property', 'value', 'description'],
  fact: ['fact', 'in', 'at', 'required', 'oneOf'],
  consent: ['field', 'header', 'purposes', 'required'],
  enforcement: ['stage', 'onViolation', 'quarantineTopic', 'encoding', 'check'],
  compatibility: ['level', 'policy'],
  rule: ['name', 'expr', 'message'],
  policy: ['id', 'version'],
  lineage: ['derivedFrom', 'transform'],
  masking: ['plan', 'target', 'rules'],
  maskingRule: ['tag', 'op', 'scope', 'keyBy'],
  schemaFile: ['type', 'file'],
  topic: ['partitions', 'key', 'configs'],
  replay: ['windowDays', 'rollback'],
  loss: ['perMillion'],
  duration: ['value', 'unit'],
} as const

/** What Karst reads of `customProperties`, by where they stand. */
export const knownCustomProperties = {
  contract: [
    'ai.compatibility',
    'ai.consent',
    'ai.enforce',
    'ai.facts',
    'ai.lineage',
    'ai.loss',
    'ai.masking',
    'ai.policy',
    'ai.replay',
    'ai.residency',
    'ai.rules',
    'ai.topic',
  ],
  event: ['ai.schema', 'ai.keySchema', 'ai.classification'],
  property: ['ai.frozenLabels', 'ai.values'],
  role: ['ai.delay'],
} as const

/** Options of logical types that Karst holds values to; others are for other tools. */
export const logicalTypeOptions: Readonly<Record<LogicalType, readonly string[]>> = {
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  date: ['format', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  timestamp: ['format', 'timezone', 'defaultTimezone', 'minimum', 'maximum'],
  time: ['format', 'timezone', 'defaultTimezone', 'minimum', 'maximum'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'format'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'format'],
  object: ['minProperties', 'maxProperties', 'required'],
  array: ['minItems', 'maxItems', 'uniqueItems'],
  boolean: [],
}

const second = 1_000
const day = 86_400 * second
/** Milliseconds of units as ODCS writes them; years and months as calendars round them. */
export const durationUnitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: second,
  sec: second,
  m: 60 * second,
  min: 60 * second,
  h: 3_600 * second,
  hour: 3_600 * second,
  d: day,
  day: day,
  days: day,
  w: 7 * day,
  M: 30 * day,
  month: 30 * day,
  months: 30 * day,
  y: 365 * day,
  year: 365 * day,
  years: 365 * day,
}

/** Choices that stand nowhere else. */
export const enforcementStages = ['client', 'gateway', 'server'] as const
export const compatibilityPolicies = ['STRICT', 'LENIENT'] as const
export const factPlaces = ['value', 'header', 'key', 'catalog'] as const
export const schemaFileTypes = ['AVRO', 'JSON', 'PROTOBUF'] as const

/** What texts look like. */
export const contractShapes: Readonly<Record<'id' | 'version' | 'apiVersion', RegExp>> = {
  id: /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/,
  version: /^\d+\.\d+\.\d+$/,
  apiVersion: /^v3\.\d+\.\d+$/,
}

/** Bounds of numbers. */
export const contractBounds = {
  /** Of a duration in its unit, and of days of a replay window. */
  amountMax: 1e12,
  partitionsMax: 10_000,
  lossPerMillionMax: 1_000_000,
} as const
