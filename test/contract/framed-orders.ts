/** A contract on orders whose schema, and key's schema, stand in files; for tests of schema ids. */
import type { SchemaType } from '../../src/registry/schema/schema-format.ts'
import type { GivenContract } from '../../src/contract/contracts.ts'
import { avro, jsonSchema, protobuf } from '../registry/orders.ts'

export interface FramedOrdersOptions {
  readonly topic?: string
  readonly type?: SchemaType
  readonly encoding?: 'plain' | 'registry' | 'cloudevents'
  readonly check?: 'payload' | 'id'
  readonly hasKeySchema?: boolean
  /** In `orderSchemas`' place. */
  readonly text?: string
  readonly keyText?: string
  readonly version?: string
  readonly onViolation?: string
  /** YAML of a list; a value below 10,000 where nothing is given, and nothing with check: id. */
  readonly rules?: string
  /** More of ai.topic, in a line. */
  readonly topicMore?: string
  readonly compatibility?: string
}

export const orderSchemas: Readonly<Record<SchemaType, string>> = {
  AVRO: avro,
  JSON: jsonSchema,
  PROTOBUF: `${protobuf}
message Refund {
  string id = 1;
}
`,
}

/** Of the key, in the same language. */
export const keySchemas: Readonly<Record<SchemaType, string>> = {
  AVRO: '"string"',
  JSON: '{"type":"string","minLength":1}',
  PROTOBUF: 'syntax = "proto3";\npackage shop;\n\nmessage OrderKey {\n  string id = 1;\n}\n',
}

const few = '[{name: few, expr: value.cents < 10000, message: a person decides above 100.00}]'

export function framedOrders(options: FramedOrdersOptions = {}): GivenContract {
  const { topic = 'orders', type = 'AVRO', encoding = 'registry', check = 'payload' } = options
  const {
    version = '1.0.0',
    onViolation = 'reject',
    hasKeySchema = false,
    topicMore = '',
  } = options
  const rules = options.rules ?? (check === 'id' ? '[]' : few)
  const key = hasKeySchema ? `, {property: ai.keySchema, value: {type: ${type}, file: key}}` : ''
  const text = `apiVersion: v3.1.0
kind: DataContract
id: ${topic}
version: ${version}
status: draft
tenant: acme
schema:
  - name: shop.order
    physicalName: ${topic}
    customProperties: [{property: ai.schema, value: {type: ${type}, file: order}}${key}]
customProperties:
  - property: ai.enforce
    value: {onViolation: ${onViolation}, encoding: ${encoding}, check: ${check}}
  - {property: ai.topic, value: {partitions: 1${topicMore}}}
  - {property: ai.compatibility, value: {level: ${options.compatibility ?? 'BACKWARD'}}}
  - {property: ai.rules, value: ${rules}}
`
  const { text: order = orderSchemas[type], keyText = keySchemas[type] } = options
  return { text, files: { order, ...(hasKeySchema ? { key: keyText } : {}) } }
}
