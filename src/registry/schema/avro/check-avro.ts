/**
 * Holds bytes to one Avro type without making values of them: for whoever wants to know only that a
 * payload is of its schema. Finds what a reader finds, at the same place.
 */
import { unreachable } from '../../../base/assert.ts'
import type { AvroBytes } from './avro-bytes.ts'
import type { AvroType } from './avro-type.ts'

export type AvroCheck = (bytes: AvroBytes) => void

/** Records refer to themselves: what is being compiled is found here. */
type Compiled = Map<AvroType, AvroCheck>

export function avroCheck(type: AvroType, compiled: Compiled = new Map()): AvroCheck {
  const found = compiled.get(type)
  if (found !== undefined) return found
  // Only called when there are bytes, and by then the real one has taken its place.
  compiled.set(type, (bytes) => compiled.get(type)!(bytes))
  const check = compile(type, compiled)
  compiled.set(type, check)
  return check
}

function compile(type: AvroType, compiled: Compiled): AvroCheck {
  switch (type.kind) {
    case 'null':
      return () => undefined
    case 'boolean':
      return (bytes) => void bytes.boolean()
    case 'int':
      return (bytes) => void bytes.int()
    case 'long':
      return (bytes) => bytes.passLong()
    case 'float':
      return (bytes) => void bytes.float()
    case 'double':
      return (bytes) => void bytes.double()
    case 'bytes':
      return (bytes) => bytes.passBytes()
    case 'string':
      return (bytes) => bytes.passString()
    case 'fixed':
      return (bytes) => bytes.passFixed(type.size)
    case 'enum':
      return (bytes) => {
        const index = bytes.int()
        if (type.symbols[index] === undefined) {
          bytes.fail(`${type.name} has ${type.symbols.length} symbols, and no ${index}`)
        }
      }
    case 'array':
      return arrayCheck(avroCheck(type.items, compiled))
    case 'map':
      return mapCheck(avroCheck(type.values, compiled))
    case 'union':
      return unionCheck(type.branches.map((branch) => avroCheck(branch, compiled)))
    case 'record':
      return recordCheck(
        type.fields.map(({ name, type }) => ({ name, check: avroCheck(type, compiled) })),
      )
    default:
      return unreachable(type, 'kind of Avro type')
  }
}

function unionCheck(branches: readonly AvroCheck[]): AvroCheck {
  return (bytes) => {
    const index = bytes.int()
    const check = branches[index]
    if (check !== undefined) return check(bytes)
    return bytes.fail(`the union has ${branches.length} branches, and no ${index}`)
  }
}

function recordCheck(
  fields: readonly { readonly name: string; readonly check: AvroCheck }[],
): AvroCheck {
  return (bytes) => {
    for (const { name, check } of fields) {
      bytes.enter(name)
      check(bytes)
      bytes.leave()
    }
  }
}

function arrayCheck(check: AvroCheck): AvroCheck {
  return (bytes) => {
    let index = 0
    for (let block = bytes.blockCount(); block > 0; block = bytes.blockCount()) {
      for (let left = block; left > 0; left--) {
        const before = bytes.position
        bytes.enter(index++)
        check(bytes)
        bytes.countItem(before)
        bytes.leave()
      }
    }
  }
}

function mapCheck(check: AvroCheck): AvroCheck {
  return (bytes) => {
    for (let block = bytes.blockCount(); block > 0; block = bytes.blockCount()) {
      for (let left = block; left > 0; left--) {
        bytes.enter(bytes.string())
        check(bytes)
        bytes.leave()
      }
    }
  }
}
