/** A reader of one Avro type, compiled to closures: made once per schema, run for every record. */
import { unreachable } from '../../../base/assert.ts'
import type { AvroBytes } from './avro-bytes.ts'
import type { AvroArray, AvroEnum, AvroMap, AvroRecord, AvroType, AvroUnion } from './avro-type.ts'

export type AvroRead = (bytes: AvroBytes) => unknown

/** Records refer to themselves: what is being compiled is found here. */
type Compiled = Map<AvroType, AvroRead>

export function avroReader(type: AvroType, compiled: Compiled = new Map()): AvroRead {
  const found = compiled.get(type)
  if (found !== undefined) return found
  // Only called when there are bytes, and by then the real one has taken its place.
  compiled.set(type, (bytes) => compiled.get(type)!(bytes))
  const read = compile(type, compiled)
  compiled.set(type, read)
  return read
}

function compile(type: AvroType, compiled: Compiled): AvroRead {
  switch (type.kind) {
    case 'null':
      return () => null
    case 'boolean':
      return (bytes) => bytes.boolean()
    case 'int':
      return (bytes) => bytes.int()
    case 'long':
      return (bytes) => bytes.long()
    case 'float':
      return (bytes) => bytes.float()
    case 'double':
      return (bytes) => bytes.double()
    case 'bytes':
      return (bytes) => bytes.bytes()
    case 'string':
      return (bytes) => bytes.string()
    case 'fixed':
      return (bytes) => bytes.fixed(type.size)
    case 'enum':
      return enumReader(type)
    case 'array':
      return arrayReader(type, compiled)
    case 'map':
      return mapReader(type, compiled)
    case 'union':
      return unionReader(type, compiled)
    case 'record':
      return recordReader(type, compiled)
    default:
      return unreachable(type, 'kind of Avro type')
  }
}

const enumReader = (type: AvroEnum): AvroRead => {
  const { symbols, name } = type
  return (bytes) => {
    const index = bytes.int()
    return symbols[index] ?? bytes.fail(`${name} has ${symbols.length} symbols, and no ${index}`)
  }
}

const unionReader = (type: AvroUnion, compiled: Compiled): AvroRead =>
  readBranch(type.branches.map((branch) => avroReader(branch, compiled)))

/** A value of a union: which branch it is, and its value as that branch reads it. */
export function readBranch(branches: readonly AvroRead[]): AvroRead {
  return (bytes) => {
    const index = bytes.int()
    const read = branches[index]
    if (read !== undefined) return read(bytes)
    return bytes.fail(`the union has ${branches.length} branches, and no ${index}`)
  }
}

const recordReader = (type: AvroRecord, compiled: Compiled): AvroRead => {
  const fields = type.fields.map(({ name, type }) => ({ name, read: avroReader(type, compiled) }))
  return (bytes) => {
    const record = Object.create(null) as Record<string, unknown>
    for (const { name, read } of fields) {
      bytes.enter(name)
      record[name] = read(bytes)
      bytes.leave()
    }
    return record
  }
}

const arrayReader = (type: AvroArray, compiled: Compiled): AvroRead =>
  readItems(avroReader(type.items, compiled))

/** An array, each item by `read`. */
export function readItems(read: AvroRead): AvroRead {
  return (bytes) => {
    const items: unknown[] = []
    for (let block = bytes.blockCount(); block > 0; block = bytes.blockCount()) {
      for (let left = block; left > 0; left--) {
        const before = bytes.position
        bytes.enter(items.length)
        items.push(read(bytes))
        bytes.countItem(before)
        bytes.leave()
      }
    }
    return items
  }
}

const mapReader = (type: AvroMap, compiled: Compiled): AvroRead =>
  readEntries(avroReader(type.values, compiled))

/** A map, each value by `read`. */
export function readEntries(read: AvroRead): AvroRead {
  return (bytes) => {
    const map = Object.create(null) as Record<string, unknown>
    for (let block = bytes.blockCount(); block > 0; block = bytes.blockCount()) {
      for (let left = block; left > 0; left--) {
        const key = bytes.string() // takes a byte at least, so that no item is free
        bytes.enter(key)
        map[key] = read(bytes)
        bytes.leave()
      }
    }
    return map
  }
}
