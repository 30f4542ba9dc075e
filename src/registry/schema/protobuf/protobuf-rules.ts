/**
 * Which data a reader misreads. Numbers and wire types are what is written; names are not. The
 * rules are those of "Updating A Message Type" in the language's guide, under the names that
 * registries use.
 */
import { judgePairs } from '../pair-memo.ts'
import type { PairMemo } from '../pair-memo.ts'
import type { Incompatibility } from '../schema-format.ts'
import type { ProtoField, ProtoScalar } from './proto-file.ts'
import type { FieldType, MessageType, ProtoDocument, ValueType } from './proto-types.ts'

export type ProtobufRule =
  | 'PACKAGE_CHANGED'
  | 'MESSAGE_REMOVED'
  | 'FIELD_KIND_CHANGED'
  | 'FIELD_SCALAR_KIND_CHANGED'
  | 'FIELD_NAMED_TYPE_CHANGED'
  | 'FIELD_NUMERIC_LABEL_CHANGED'
  | 'REQUIRED_FIELD_ADDED'
  | 'REQUIRED_FIELD_REMOVED'
  | 'ONEOF_FIELD_REMOVED'
  | 'MULTIPLE_FIELDS_MOVED_TO_ONEOF'
  | 'FIELD_MOVED_TO_EXISTING_ONEOF'
  // Others do not look at it: the bytes of a group and of a message begin with other wire types.
  | 'FIELD_ENCODING_CHANGED'

type Found = readonly Incompatibility[]
type Path = readonly (string | number)[]

const breach = (rule: ProtobufRule, at: Path, message: string): Found => [
  { rule, path: `#/${at.join('/')}`, message },
]

/** Scalars of one kind are written alike, and read as each other where values fit. */
type ScalarKind = 'varint' | 'zigzag' | 'text' | 'fixed32' | 'fixed64' | 'float' | 'double'
const scalarKinds: Readonly<Record<ProtoScalar, ScalarKind>> = {
  int32: 'varint',
  int64: 'varint',
  uint32: 'varint',
  uint64: 'varint',
  bool: 'varint',
  sint32: 'zigzag',
  sint64: 'zigzag',
  string: 'text',
  bytes: 'text',
  fixed32: 'fixed32',
  sfixed32: 'fixed32',
  fixed64: 'fixed64',
  sfixed64: 'fixed64',
  float: 'float',
  double: 'double',
}

export function protobufIncompatibilities(reader: ProtoDocument, writer: ProtoDocument): Found {
  const moved =
    reader.file.package === writer.file.package
      ? []
      : breach(
          'PACKAGE_CHANGED',
          [],
          `messages are in the package ${JSON.stringify(reader.file.package)}, and data ` +
            `was written as of ${JSON.stringify(writer.file.package)}: types are found by ` +
            'their full names',
        )
  return [
    ...moved,
    ...judgePairs((memo) => new ProtobufPairs(memo).messages(reader.messages, writer.messages, [])),
  ]
}

class ProtobufPairs {
  readonly #memo: PairMemo

  constructor(memo: PairMemo) {
    this.#memo = memo
  }

  /** By name: wherever it stands in the file, indexes are of the schema that data names by its id. */
  messages(readers: readonly MessageType[], writers: readonly MessageType[], at: Path): Found {
    return writers.flatMap((writer) => {
      const { name } = writer.source
      const reader = readers.find(({ source }) => source.name === name)
      const here = [...at, name]
      if (reader !== undefined)
        return [
          ...this.#message(reader, writer, here),
          ...this.messages(reader.messages, writer.messages, here),
        ]
      return breach(
        'MESSAGE_REMOVED',
        here,
        `data was written as ${writer.fullName}, which readers do not have: keep the message`,
      )
    })
  }

  #message(reader: MessageType, writer: MessageType, at: Path): Found {
    return this.#memo.judge(reader, writer, () => [
      ...[...writer.fields.values()].flatMap((field) => this.#field(field, reader, writer, at)),
      ...[...reader.fields.values()].flatMap((field) => addedField(field, writer, at)),
      ...oneofMoves(reader, writer, at),
    ])
  }

  #field(written: FieldType, reader: MessageType, writer: MessageType, at: Path): Found {
    const here = [...at, written.source.number]
    const read = reader.fields.get(written.source.number)
    if (read === undefined) return removedField(written, reader, writer, here)
    return [...this.#values(read, written, here), ...labels(read, written, here)]
  }

  #values(read: FieldType, written: FieldType, at: Path): Found {
    const name = read.source.name
    const isMap = read.mapKey !== undefined
    if (isMap !== (written.mapKey !== undefined) || shape(read.type) !== shape(written.type))
      return breach(
        'FIELD_KIND_CHANGED',
        at,
        `${name} was written as ${told(written)}, and readers take it for ` +
          `${told(read)}: give the new field a number of its own`,
      )
    const [key, before] = [read.mapKey, written.mapKey]
    const keys =
      key === undefined || before === undefined
        ? []
        : scalars(key, before, `the keys of ${name}`, at)
    if (read.isDelimited !== written.isDelimited)
      return breach(
        'FIELD_ENCODING_CHANGED',
        at,
        `${name} is written ${written.isDelimited ? 'as a group' : 'with a length'}, ` +
          'and readers expect the other',
      )
    return [...keys, ...this.#types(read.type, written.type, name, at)]
  }

  #types(read: ValueType, written: ValueType, name: string, at: Path): Found {
    if (read.kind !== 'message' || written.kind !== 'message')
      return scalars(scalarOf(read), scalarOf(written), name, at)
    const [local, before] = [localName(read), localName(written)]
    if (local !== before)
      return breach(
        'FIELD_NAMED_TYPE_CHANGED',
        at,
        `${name} was written as ${written.fullName}, and readers take it for ` +
          `${read.fullName}: give the new field a number of its own`,
      )
    return this.#message(read, written, local.split('.'))
  }
}

const shape = (type: ValueType): 'message' | 'scalar' =>
  type.kind === 'message' ? 'message' : 'scalar'

/** An enum is written as an int32. */
const scalarOf = (type: ValueType): ProtoScalar => (type.kind === 'scalar' ? type.scalar : 'int32')

/** Without its package: that a file moved to another one is told once, and not for each field. */
const localName = ({ fullName, file }: MessageType): string =>
  file.package === '' ? fullName : fullName.slice(file.package.length + 1)

const told = ({ type, mapKey }: FieldType): string => {
  const of = type.kind === 'scalar' ? type.scalar : `${type.kind} ${type.fullName}`
  return mapKey === undefined ? of : `a map of ${mapKey} to ${of}`
}

function scalars(read: ProtoScalar, written: ProtoScalar, name: string, at: Path): Found {
  if (scalarKinds[read] === scalarKinds[written]) return []
  return breach(
    'FIELD_SCALAR_KIND_CHANGED',
    at,
    `${name} was written as ${written}, whose bytes readers take for ${read}: give ` +
      'the new field a number of its own',
  )
}

/**
 * Between one and many. The last of many strings or messages is taken; many numbers are packed,
 * which looks like a string to whoever expects one number.
 */
function labels(read: FieldType, written: FieldType, at: Path): Found {
  const many = ({ source }: FieldType): boolean => source.label === 'repeated'
  if (many(read) === many(written)) return requiredNow(read, written, at)
  const isText = read.type.kind === 'scalar' && scalarKinds[read.type.scalar] === 'text'
  if (read.type.kind === 'message' || isText) return requiredNow(read, written, at)
  return breach(
    'FIELD_NUMERIC_LABEL_CHANGED',
    at,
    `${read.source.name} was written ` +
      `${many(written) ? 'many times, packed,' : 'once'} and readers take it for ` +
      `${many(read) ? 'many' : 'one'}: give the new field a number of its own`,
  )
}

function requiredNow(read: FieldType, written: FieldType, at: Path): Found {
  if (!read.isRequired || written.isRequired) return []
  return breach(
    'REQUIRED_FIELD_ADDED',
    at,
    `readers refuse messages without ${read.source.name}, and data was written without it`,
  )
}

function addedField(field: FieldType, writer: MessageType, at: Path): Found {
  if (!field.isRequired || writer.fields.has(field.source.number)) return []
  return breach(
    'REQUIRED_FIELD_ADDED',
    [...at, field.source.number],
    `readers refuse messages without ${field.source.name}, and no data has it: make it optional`,
  )
}

function removedField(
  written: FieldType,
  reader: MessageType,
  writer: MessageType,
  at: Path,
): Found {
  const { name, oneof } = written.source
  if (written.isRequired)
    return breach(
      'REQUIRED_FIELD_REMOVED',
      at,
      `${name} was required, and whoever reads with the schema before refuses messages without it`,
    )
  if (oneof === undefined) return []
  // A oneof that is gone with all its fields is a plain removal.
  const survives = membersOf(writer, oneof).some(({ number }) => reader.fields.has(number))
  const isKept = membersOf(reader, oneof).length > 0
  if (!survives && !isKept) return []
  return breach(
    'ONEOF_FIELD_REMOVED',
    at,
    `data was written with ${name} of ${oneof}, and readers take the oneof for not set`,
  )
}

const membersOf = (message: MessageType, oneof: string): readonly ProtoField[] =>
  message.source.fields.filter((field) => field.oneof === oneof)

/** Fields that could be set together, and now exclude each other: of two, readers keep the last. */
function oneofMoves(reader: MessageType, writer: MessageType, at: Path): Found {
  return reader.source.oneofs.flatMap(({ name }) => {
    const before = membersOf(reader, name).flatMap(({ number }) => writer.fields.get(number) ?? [])
    const free = before.filter(({ source }) => source.oneof === undefined)
    const oneofs = new Set(before.flatMap(({ source }) => source.oneof ?? []))
    if (free.length + oneofs.size < 2) return []
    const names = before.map(({ source }) => source.name).join(', ')
    return breach(
      free.length > 1 ? 'MULTIPLE_FIELDS_MOVED_TO_ONEOF' : 'FIELD_MOVED_TO_EXISTING_ONEOF',
      [...at, name],
      `data may hold several of ${names} at once, and readers keep only the last of a oneof`,
    )
  })
}
