/**
 * Protobuf for the registry: .proto files or serialized descriptors, imports, and payloads of a
 * message.
 */
import { assert } from '../../../base/assert.ts'
import { payloadValidator } from '../payload-validator.ts'
import type {
  ParsedSchema,
  ParseOutcome,
  SchemaFormat,
  SchemaSource,
  ValidatorOutcome,
} from '../schema-format.ts'
import { checkProto } from './check-proto.ts'
import { parseProto } from './parse-proto.ts'
import { printProto } from './print-proto.ts'
import { ProtoBytes } from './proto-bytes.ts'
import { ProtoFault } from './proto-file.ts'
import { linkProto } from './proto-types.ts'
import type { MessageType, ProtoDocument } from './proto-types.ts'
import { protobufIncompatibilities } from './protobuf-rules.ts'
import { looksSerialized, readDescriptor } from './read-descriptor.ts'
import { readMessage } from './read-proto.ts'
import { writeDescriptor } from './write-descriptor.ts'

interface ProtobufSchema extends ParsedSchema {
  readonly type: 'PROTOBUF'
  readonly document: ProtoDocument
}

const documentOf = (schema: ParsedSchema): ProtoDocument => {
  assert(schema.type === 'PROTOBUF', 'a schema is given to the format that parsed it')
  return (schema as ProtobufSchema).document
}

export const protobufFormat: SchemaFormat = {
  type: 'PROTOBUF',
  parse,

  incompatibilities: (reader, writer) =>
    protobufIncompatibilities(documentOf(reader), documentOf(writer)),

  validator: (schema, indexes = [0]) => {
    const message = messageAt(documentOf(schema).messages, indexes)
    return message === undefined ? noMessage(indexes) : validatorOf(message)
  },

  resolver: (reader, writer, indexes = [0]) => {
    const written = messageAt(documentOf(writer).messages, indexes)
    if (written === undefined) return noMessage(indexes)
    const message = messageNamed(documentOf(reader).messages, written.fullName)
    if (message !== undefined) return validatorOf(message)
    return { ok: false, message: `the reader’s schema has no message ${written.fullName}` }
  },

  formatted: (schema, format) => {
    if (format === 'serialized') return writeDescriptor(documentOf(schema))
    return format === 'ignore_extensions' ? printProto(documentOf(schema), 'plain') : undefined
  },
}

function parse(source: SchemaSource): ParseOutcome {
  try {
    const isSerialized = looksSerialized(source.text)
    const file = isSerialized ? readDescriptor(source.text) : parseProto(source.text)
    checkProto(file)
    const document = linkProto(file, source.references)
    const [first] = [...document.messages, ...document.enums]
    const schema: ProtobufSchema = {
      type: 'PROTOBUF',
      document,
      canonical: printProto(document, 'canonical'),
      normalized: printProto(document, 'normalized'),
      recordName: first?.fullName,
    }
    return { ok: true, schema }
  } catch (error) {
    if (!(error instanceof ProtoFault)) throw error
    return { ok: false, message: `not a Protobuf schema, line ${error.line}: ${error.message}` }
  }
}

const noMessage = (indexes: readonly number[]): ValidatorOutcome => ({
  ok: false,
  message: `the message indexes [${indexes.join(', ')}] lead to no message of the schema`,
})

const validatorOf = (message: MessageType): ValidatorOutcome => ({
  ok: true,
  messageName: message.fullName,
  validator: payloadValidator((payload) => readMessage(new ProtoBytes(payload), message)),
})

/** Names of nested messages begin with that of the message around them. */
function messageNamed(messages: readonly MessageType[], name: string): MessageType | undefined {
  for (const message of messages) {
    if (message.fullName === name) return message
    if (name.startsWith(`${message.fullName}.`)) return messageNamed(message.messages, name)
  }
  return undefined
}

function messageAt(
  messages: readonly MessageType[],
  [first, ...inner]: readonly number[],
): MessageType | undefined {
  const found = first === undefined ? undefined : messages[first]
  return found === undefined || inner.length === 0 ? found : messageAt(found.messages, inner)
}
