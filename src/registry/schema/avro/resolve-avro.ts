/**
 * Reads what was written with one schema as values of another ("Schema Resolution", specification
 * 1.12). Compiled to closures, as read-avro.ts. What cannot be resolved fails when a value meets
 * it: a writer's union may have a branch that no value of it ever took.
 */
import { unreachable } from '../../../base/assert.ts'
import type { AvroBytes } from './avro-bytes.ts'
import { fieldSources, isPromoted, namesMatch, scalesDiffer, typeText } from './avro-match.ts'
import { avroIncompatibilities } from './avro-rules.ts'
import { isNamed } from './avro-type.ts'
import type { AvroEnum, AvroPrimitiveType, AvroRecord, AvroType, AvroUnion } from './avro-type.ts'
import { DefaultValues } from './default-value.ts'
import { type AvroRead, avroReader, readBranch, readEntries, readItems } from './read-avro.ts'

export function avroResolver(reader: AvroType, writer: AvroType): AvroRead {
  return new AvroResolving().pair(reader, writer)
}

class AvroResolving {
  /** By reader's, then by writer's type: records refer to themselves. */
  readonly #compiled = new Map<AvroType, Map<AvroType, AvroRead>>()
  /** What only the writer has is read, to get behind it. */
  readonly #skipped = new Map<AvroType, AvroRead>()
  readonly #defaults = new DefaultValues()

  pair(reader: AvroType, writer: AvroType): AvroRead {
    const own = this.#compiled.get(reader) ?? new Map<AvroType, AvroRead>()
    this.#compiled.set(reader, own)
    const found = own.get(writer)
    if (found !== undefined) return found
    // Only called when there are bytes, and by then the real one has taken its place.
    own.set(writer, (bytes) => own.get(writer)!(bytes))
    const read = this.#compile(reader, writer)
    own.set(writer, read)
    return read
  }

  #compile(reader: AvroType, writer: AvroType): AvroRead {
    if (writer.kind === 'union') {
      return readBranch(writer.branches.map((branch) => this.pair(reader, branch)))
    }
    if (reader.kind === 'union') return this.#intoUnion(reader, writer)
    if (!matches(reader, writer)) return mismatch(reader, writer)
    if (scalesDiffer(reader, writer)) {
      return failing('decimals were written with another number of digits after the point')
    }
    switch (reader.kind) {
      case 'record':
        return this.#record(reader, writer as AvroRecord)
      case 'enum':
        return resolveSymbols(reader, writer as AvroEnum)
      case 'array':
        return readItems(this.pair(reader.items, (writer as typeof reader).items))
      case 'map':
        return readEntries(this.pair(reader.values, (writer as typeof reader).values))
      case 'fixed': {
        const { size } = writer as typeof reader
        if (size === reader.size) return (bytes) => bytes.fixed(size)
        return failing(`${reader.name} has ${reader.size} bytes, and was written with ${size}`)
      }
      default:
        return resolvePrimitive(reader, writer as AvroPrimitiveType)
    }
  }

  /**
   * A branch of the same kind and name before one that a value is promoted to, so that it stays
   * what it was; of those, the first that reads all that the writer may have written.
   */
  #intoUnion(reader: AvroUnion, writer: AvroType): AvroRead {
    const [first, ...others] = reader.branches
      .filter((branch) => matches(branch, writer))
      .toSorted((a, b) => likeness(b, writer) - likeness(a, writer))
    if (first === undefined) return mismatch(reader, writer)
    const readsAll = (branch: AvroType): boolean =>
      avroIncompatibilities(branch, writer).length === 0
    const best = others.length === 0 ? first : ([first, ...others].find(readsAll) ?? first)
    return this.pair(best, writer)
  }

  #record(reader: AvroRecord, writer: AvroRecord): AvroRead {
    const sources = fieldSources(reader, writer)
    const targets = new Map([...sources].map(([target, source]) => [source, target]))
    const steps = writer.fields.map((field) => {
      const target = targets.get(field)
      const read =
        target === undefined
          ? avroReader(field.type, this.#skipped)
          : this.pair(target.type, field.type)
      return { name: target?.name ?? field.name, isKept: target !== undefined, read }
    })
    const filled = reader.fields
      .filter((field) => !sources.has(field))
      .map((field) => ({ name: field.name, made: this.#defaults.of(field) }))
    return (bytes) => {
      const record = Object.create(null) as Record<string, unknown>
      for (const { name, made } of filled) {
        if (!made.ok) failAt(bytes, name, made.message)
        record[name] = made.value
      }
      for (const { name, isKept, read } of steps) {
        bytes.enter(name)
        const value = read(bytes)
        bytes.leave()
        if (isKept) record[name] = value
      }
      return record
    }
  }
}

/** Without looking into records, arrays and maps: what is wrong there is told there. */
function matches(reader: AvroType, writer: AvroType): boolean {
  if (reader.kind !== writer.kind) return isPromoted(reader, writer)
  return !isNamed(reader) || !isNamed(writer) || namesMatch(reader, writer)
}

function likeness(reader: AvroType, writer: AvroType): number {
  if (reader.kind !== writer.kind) return 0
  return isNamed(reader) && isNamed(writer) && reader.name === writer.name ? 2 : 1
}

const failing =
  (message: string): AvroRead =>
  (bytes) =>
    bytes.fail(message)

function failAt(bytes: AvroBytes, name: string, message: string): never {
  bytes.enter(name)
  return bytes.fail(message)
}

const mismatch = (reader: AvroType, writer: AvroType): AvroRead =>
  failing(`written as ${typeText(writer)}, which a reader of ${typeText(reader)} cannot read`)

function resolveSymbols(reader: AvroEnum, writer: AvroEnum): AvroRead {
  const known = new Set(reader.symbols)
  const read = avroReader(writer)
  return (bytes) => {
    const symbol = read(bytes) as string
    if (known.has(symbol)) return symbol
    const hint = `${reader.name} has no ${symbol} any more, and no default`
    return reader.default ?? bytes.fail(hint)
  }
}

/** They match: of one kind, or promoted. */
function resolvePrimitive(reader: AvroPrimitiveType, writer: AvroPrimitiveType): AvroRead {
  const read = avroReader(writer)
  if (reader.kind === writer.kind) return read
  switch (reader.kind) {
    case 'long':
      return (bytes) => BigInt(bytes.int())
    case 'float':
    case 'double':
      return (bytes) => Number(read(bytes))
    // Both are a length and bytes; only a string must be UTF-8.
    case 'string':
      return (bytes) => bytes.string()
    case 'bytes':
      return (bytes) => bytes.bytes()
    case 'null':
    case 'boolean':
    case 'int':
      return mismatch(reader, writer)
    default:
      return unreachable(reader.kind, 'kind of Avro primitive')
  }
}
