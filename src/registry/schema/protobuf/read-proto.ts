/**
 * Reads messages of a type as plain objects: fields by the names of the file, unknown fields passed
 * over, enums by name (by number where it has none: enums are open), 64 bits as bigint. A field
 * whose wire type is another than the schema's is a fault: parsers would take it for unknown, and
 * lose it.
 */
import type { ProtoBytes, WireType } from './proto-bytes.ts'
import type { ProtoScalar } from './proto-file.ts'
import type { EntryType, FieldType, MessageType, ValueType } from './proto-types.ts'

type Message = Record<string, unknown>

/**
 * Reads to the end of the bytes, or of the group that `group` began. A message that comes in
 * several parts is read into what its parts before held.
 */
export function readMessage(
  bytes: ProtoBytes,
  type: MessageType,
  group?: number,
  into?: Message,
): Message {
  const message = into ?? (Object.create(null) as Message)
  while (bytes.hasMore) {
    const { number, wire } = bytes.tag()
    if (wire === 4 && number === group) return whole(bytes, type, message)
    const field = type.fields.get(number)
    if (field === undefined) bytes.skip(wire, number)
    else {
      bytes.enter(field.source.name)
      readField(bytes, field, wire, message, type)
      bytes.leave()
    }
  }
  if (group !== undefined) bytes.fail(`the group ${group} does not end`)
  return whole(bytes, type, message)
}

function whole(bytes: ProtoBytes, type: MessageType, message: Message): Message {
  for (const { name } of type.required)
    if (message[name] === undefined) bytes.fail(`${name} is required, and not there`)
  return message
}

function readField(
  bytes: ProtoBytes,
  field: FieldType,
  wire: WireType,
  message: Message,
  type: MessageType,
): void {
  const { name, label, oneof } = field.source
  const { entry } = field
  if (entry !== undefined) {
    const map = (message[name] ??= Object.create(null)) as Message
    if (wire !== 2) wrongWire(bytes, wire, field)
    bytes.within(() => readEntry(bytes, entry, map))
    return
  }
  if (label === 'repeated') {
    readMany(bytes, field, wire, (message[name] ??= []) as unknown[])
    return
  }
  const value = readOne(bytes, field, wire, message[name] as Message | undefined)
  // Of a oneof, the last that was written counts.
  if (oneof !== undefined)
    for (const other of type.source.fields) if (other.oneof === oneof) delete message[other.name]
  message[name] = value
}

/** Many numbers come packed or one by one, whatever the schema says. */
function readMany(bytes: ProtoBytes, field: FieldType, wire: WireType, values: unknown[]): void {
  const expected = wireOf(field)
  if (wire !== 2 || expected === 2) {
    bytes.enter(values.length)
    values.push(readOne(bytes, field, wire))
    bytes.leave()
    return
  }
  bytes.within(() => {
    while (bytes.hasMore) values.push(readOne(bytes, field, expected))
  })
}

function readOne(bytes: ProtoBytes, field: FieldType, wire: WireType, into?: Message): unknown {
  const { type } = field
  if (wire !== wireOf(field)) wrongWire(bytes, wire, field)
  if (type.kind !== 'message') return readScalar(bytes, type)
  return field.isDelimited
    ? readMessage(bytes, type, field.source.number, into)
    : bytes.within(() => readMessage(bytes, type, undefined, into))
}

type Key = string | number | bigint | boolean

/** A key or value that is not written is the default of its type. */
function readEntry(bytes: ProtoBytes, { key, value }: EntryType, map: Message): void {
  let name: Key | undefined
  let held: unknown
  while (bytes.hasMore) {
    const { number, wire } = bytes.tag()
    if (number === 1) name = readOne(bytes, key, wire) as Key
    else if (number === 2) {
      bytes.enter(String(name ?? ''))
      held = readOne(bytes, value, wire)
      bytes.leave()
    } else bytes.skip(wire, number)
  }
  map[String(name ?? (defaultOf(key.type) as Key))] = held ?? defaultOf(value.type)
}

function defaultOf(type: ValueType): unknown {
  if (type.kind === 'message') return Object.create(null)
  if (type.kind === 'enum') return type.source.values[0]?.name
  if (type.scalar === 'string') return ''
  if (type.scalar === 'bytes') return new Uint8Array()
  if (type.scalar === 'bool') return false
  return type.scalar.endsWith('64') ? 0n : 0
}

function wireOf({ type, isDelimited }: FieldType): WireType {
  if (type.kind === 'message') return isDelimited ? 3 : 2
  if (type.kind === 'enum') return 0
  return wireOfScalar[type.scalar]
}

const wireOfScalar: Readonly<Record<ProtoScalar, WireType>> = {
  double: 1,
  float: 5,
  int32: 0,
  int64: 0,
  uint32: 0,
  uint64: 0,
  sint32: 0,
  sint64: 0,
  fixed32: 5,
  fixed64: 1,
  sfixed32: 5,
  sfixed64: 1,
  bool: 0,
  string: 2,
  bytes: 2,
}

function wrongWire(bytes: ProtoBytes, wire: WireType, field: FieldType): never {
  const of = field.type.kind === 'scalar' ? field.type.scalar : field.type.fullName
  return bytes.fail(
    `the field ${field.source.number} is ${of}, and was written as another type ` +
      `(wire type ${wire})`,
  )
}

function readScalar(bytes: ProtoBytes, type: Exclude<ValueType, MessageType>): unknown {
  if (type.kind === 'enum') {
    const number = bytes.short() ?? Number(BigInt.asIntN(32, bytes.varint()))
    return type.names.get(number) ?? number
  }
  return scalarReaders[type.scalar](bytes)
}

const unzigzag = (value: bigint): bigint => (value >> 1n) ^ -(value & 1n)

const scalarReaders: Readonly<Record<ProtoScalar, (bytes: ProtoBytes) => unknown>> = {
  double: (bytes) => bytes.double(),
  float: (bytes) => bytes.float(),
  int32: (bytes) => bytes.short() ?? Number(BigInt.asIntN(32, bytes.varint())),
  int64: (bytes) => BigInt.asIntN(64, bytes.varint()),
  uint32: (bytes) => bytes.short() ?? Number(BigInt.asUintN(32, bytes.varint())),
  uint64: (bytes) => bytes.varint(),
  sint32: (bytes) => Number(BigInt.asIntN(32, unzigzag(BigInt.asUintN(32, bytes.varint())))),
  sint64: (bytes) => unzigzag(bytes.varint()),
  fixed32: (bytes) => bytes.fixed32(),
  fixed64: (bytes) => bytes.fixed64(),
  sfixed32: (bytes) => bytes.fixed32() | 0,
  sfixed64: (bytes) => BigInt.asIntN(64, bytes.fixed64()),
  bool: (bytes) => bytes.varint() !== 0n,
  string: (bytes) => bytes.string(),
  bytes: (bytes) => bytes.bytes(),
}
