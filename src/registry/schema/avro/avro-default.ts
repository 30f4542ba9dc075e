/**
 * Does the default of a field fit its type? Specification 1.12, "Complex Types", table of field
 * defaults.
 */
import { isJsonObject, member, numberOf } from '../exact-json.ts'
import type { Json } from '../exact-json.ts'
import type { AvroPrimitive, AvroRecord, AvroType } from './avro-type.ts'

export interface Misfit {
  /** JSON pointer into the default. */
  readonly at: string
  readonly message: string
}

const isWithin = (value: Json, min: bigint, max: bigint): boolean => {
  const text = JSON.stringify(value)
  if (numberOf(value) === undefined || !/^-?\d+$/.test(text)) return false
  return BigInt(text) >= min && BigInt(text) <= max
}

/** Bytes are written as a string whose code points are bytes. */
const isBytes = (value: Json): boolean =>
  // oxlint-disable-next-line no-control-regex -- all 256 code points are meant
  typeof value === 'string' && /^[\u0000-\u00ff]*$/.test(value)

const fits: Readonly<Record<AvroPrimitive, (value: Json) => boolean>> = {
  null: (value) => value === null,
  boolean: (value) => typeof value === 'boolean',
  int: (value) => isWithin(value, -(2n ** 31n), 2n ** 31n - 1n),
  long: (value) => isWithin(value, -(2n ** 63n), 2n ** 63n - 1n),
  // "NaN" and infinities are written as strings by some writers, and the specification is silent.
  float: (value) => numberOf(value) !== undefined || isSpecial(value),
  double: (value) => numberOf(value) !== undefined || isSpecial(value),
  bytes: isBytes,
  string: (value) => typeof value === 'string',
}

const isSpecial = (value: Json): boolean =>
  value === 'NaN' || value === 'Infinity' || value === '-Infinity'

/**
 * Undefined where it fits. Recursion ends with the default, which is as deep as its text. Each part
 * is tried once per type: unions of records in unions of records would be tried exponentially
 * often.
 */
export function misfitOfDefault(
  value: Json,
  type: AvroType,
  at: string,
  tried: Tried = new Map(),
): Misfit | undefined {
  if (typeof value !== 'object' || value === null) return misfitOf(value, type, at, tried)
  const ofValue = tried.get(value) ?? new Map<AvroType, Misfit | undefined>()
  tried.set(value, ofValue)
  if (!ofValue.has(type)) ofValue.set(type, misfitOf(value, type, at, tried))
  return ofValue.get(type)
}

type Tried = Map<object, Map<AvroType, Misfit | undefined>>

function misfitOf(value: Json, type: AvroType, at: string, tried: Tried): Misfit | undefined {
  switch (type.kind) {
    case 'union': {
      // Since 1.12 the default is of any branch; before, it was of the first.
      const all = type.branches.map((branch) => misfitOfDefault(value, branch, at, tried))
      return all.includes(undefined) ? undefined : misfit(value, 'any branch of the union', at)
    }
    case 'array':
      if (!Array.isArray(value)) return misfit(value, 'an array', at)
      return first((value as readonly Json[]).entries(), (item, index) =>
        misfitOfDefault(item, type.items, `${at}/${index}`, tried),
      )
    case 'map':
      if (!isJsonObject(value)) return misfit(value, 'a map', at)
      return first(Object.entries(value), (each, key) =>
        misfitOfDefault(each, type.values, `${at}/${key}`, tried),
      )
    case 'record':
      return misfitOfRecord(value, type, at, tried)
    case 'enum':
      return typeof value === 'string' && type.symbols.includes(value)
        ? undefined
        : misfit(value, `a symbol of ${type.name}`, at)
    case 'fixed':
      return isBytes(value) && (value as string).length === type.size
        ? undefined
        : misfit(value, `${type.size} bytes`, at)
    default:
      return fits[type.kind](value) ? undefined : misfit(value, type.kind, at)
  }
}

function misfitOfRecord(
  value: Json,
  type: AvroRecord,
  at: string,
  tried: Tried,
): Misfit | undefined {
  if (!isJsonObject(value)) return misfit(value, `a ${type.name}`, at)
  return first(type.fields.entries(), (field) => {
    const given = member(value, field.name)
    if (given !== undefined) return misfitOfDefault(given, field.type, `${at}/${field.name}`, tried)
    if (field.default !== undefined) return undefined
    return { at, message: `the default lacks ${field.name} of ${type.name}` }
  })
}

const misfit = (value: Json, wanted: string, at: string): Misfit => ({
  at,
  message: `the default ${JSON.stringify(value).slice(0, 80)} is not ${wanted}`,
})

function first<Key, Value>(
  entries: Iterable<readonly [Key, Value]>,
  check: (value: Value, key: Key) => Misfit | undefined,
): Misfit | undefined {
  for (const [key, value] of entries) {
    const found = check(value, key)
    if (found !== undefined) return found
  }
  return undefined
}
