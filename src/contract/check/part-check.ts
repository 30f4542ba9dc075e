/** Reads a key or a value as its schema says, or tells why it is not of it. */
import type { PayloadValidator } from '../../registry/schema/schema-format.ts'
import type { CheckDepth } from '../contract.ts'
import { type BatchSchemas, type SchemaAnswer, schemasPerBatchMax } from './held-schemas.ts'
import { type CheckedRecord, type Read, type RecordPart, refused } from './record.ts'
import { readIndexes, readSchemaId, schemaIdText, type SchemaId } from './schema-frame.ts'
import type { UsableSchema } from './usable-schema.ts'

/**
 * The value that the payload stands for; undefined where nobody looks at it, or where its schema is
 * not known yet and was asked for.
 */
export type PartCheck = (
  bytes: Uint8Array,
  headers: CheckedRecord['headers'],
  schemas: BatchSchemas,
) => Read<{ readonly value: unknown }>

/** What is asked of a key or a value. */
export interface PartAsked {
  readonly part: RecordPart
  /** Somebody looks at what it says: facts, rules. Else it is only held to its schema. */
  readonly isSeen: boolean
}

/** Nothing but the payload, of the schema that the contract names. */
export function bareCheck(asked: PartAsked, validator: PayloadValidator): PartCheck {
  return (bytes) => read(asked, validator, bytes)
}

export interface FramedCheckParts extends PartAsked {
  readonly subject: string
  readonly depth: CheckDepth
  /** Of Protobuf: the message that the contract is about. */
  readonly messageName: string | undefined
}

/** As serializers of the registry write: of any schema of the subject. */
export function framedCheck(parts: FramedCheckParts): PartCheck {
  const { part, subject, depth, messageName } = parts
  return (bytes, headers, schemas) => {
    const framed = readSchemaId(part, bytes, headers)
    if ('violation' in framed) return framed
    const answer = schemas.find(subject, framed.schema)
    if (answer.outcome !== 'usable') return answerOf(answer, subject, framed.schema, depth)
    if (depth === 'id') return unseen
    const { schema } = answer
    const indexed = readIndexes(part, framed, schema.isProtobuf)
    if ('violation' in indexed) return indexed
    const made = schema.validator(indexed.indexes)
    if (!made.ok) {
      const hint = schema.isProtobuf ? ', or the serializer left them away' : ''
      return refused(ruleOf(part), '', `${schemaIdText(framed.schema)}: ${made.message}${hint}`)
    }
    if (messageName !== undefined && made.messageName !== messageName) {
      const text = `the message is ${made.messageName}, and ${messageName} is agreed on`
      return refused(ruleOf(part), '', text)
    }
    return read(parts, made.validator, indexed.payload)
  }
}

const unseen = { value: undefined } as const

const ruleOf = (part: RecordPart): string => (part === 'key' ? 'key' : 'schema')

function read(
  { part, isSeen }: PartAsked,
  validator: PayloadValidator,
  payload: Uint8Array,
): Read<{ readonly value: unknown }> {
  const outcome = isSeen ? validator.toValue(payload) : validator.check(payload)
  if (outcome.ok) return 'value' in outcome ? outcome : unseen
  const where = part === 'key' ? 'in the key: ' : ''
  return refused(ruleOf(part), outcome.at, `${where}${outcome.message}`)
}

/** What is to be said of a schema that payloads cannot be held to. */
function answerOf(
  answer: Exclude<SchemaAnswer, { outcome: 'usable' }>,
  subject: string,
  schema: SchemaId,
  depth: CheckDepth,
): Read<{ readonly value: unknown }> {
  const told = schemaIdText(schema)
  switch (answer.outcome) {
    case 'asked':
      return unseen
    case 'absent': {
      const what = `the schema of ${told} is no version of the subject ${subject}`
      return refused('schema-id', '', `${what}: register it there, or write with one that is`)
    }
    case 'too-many': {
      const text = `the batch names more than ${schemasPerBatchMax} schemas: write smaller ones`
      return refused('schema-id', '', text)
    }
    case 'unusable':
      // That it is one of the subject's is known all the same.
      if (depth === 'id') return unseen
      return refused('schema-id', '', `the schema of ${told} cannot be used: ${answer.message}`)
  }
}

/** Of the message that plain payloads of the schema are. */
export function messageNameOf(schema: UsableSchema): string | undefined {
  const made = schema.validator()
  return made.ok ? made.messageName : undefined
}
