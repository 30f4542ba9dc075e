/**
 * Defaults of fields as the values that a reader gets where a writer had no such field. Each is
 * made once, however many records lack it: they take no bytes of a payload, and a default of
 * records whose fields have defaults would else be made exponentially often. So values are shared,
 * and nobody changes them.
 */
import { isJsonObject, member, numberOf } from '../exact-json.ts'
import type { Json } from '../exact-json.ts'
import { payloadDepthMax } from '../payload-limits.ts'
import { misfitOfDefault } from './avro-default.ts'
import type { AvroField, AvroRecord, AvroType } from './avro-type.ts'

export type DefaultValue =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string }

/** Never leaves this file. */
class NoDefault extends Error {}

export class DefaultValues {
  /** `undefined`: it is being made. */
  readonly #made = new Map<AvroField, { readonly value: unknown } | undefined>()
  readonly #tried: Parameters<typeof misfitOfDefault>[3] = new Map()
  #depth = 0

  /** Not ok where there is none, or where it cannot be made: a stored schema is never refused. */
  of(field: AvroField): DefaultValue {
    try {
      return { ok: true, value: this.#valueOf(field) }
    } catch (error) {
      if (!(error instanceof NoDefault)) throw error
      return { ok: false, message: error.message }
    } finally {
      this.#depth = 0
    }
  }

  #valueOf(field: AvroField): unknown {
    const { name, default: given, type } = field
    const made = this.#made.get(field)
    if (made !== undefined) return made.value
    if (given === undefined) throw new NoDefault(`${name} was not written, and has no default`)
    if (this.#made.has(field)) throw new NoDefault(`the default of ${name} contains itself`)
    const misfit = misfitOfDefault(given, type, '', this.#tried)
    if (misfit !== undefined) throw new NoDefault(`${name} was not written, and ${misfit.message}`)
    this.#made.set(field, undefined)
    try {
      const value = this.#value(given, type)
      this.#made.set(field, { value })
      return value
    } catch (error) {
      this.#made.delete(field)
      throw error
    }
  }

  /** The JSON fits its type. */
  #value(json: Json, type: AvroType): unknown {
    if (this.#depth >= payloadDepthMax) {
      throw new NoDefault(`a default nests more than ${payloadDepthMax} deep`)
    }
    this.#depth++
    const value = this.#inner(json, type)
    this.#depth--
    return value
  }

  #inner(json: Json, type: AvroType): unknown {
    switch (type.kind) {
      case 'union': {
        const fits = (branch: AvroType): boolean =>
          misfitOfDefault(json, branch, '', this.#tried) === undefined
        return this.#value(json, type.branches.find(fits) as AvroType)
      }
      case 'array':
        return (json as readonly Json[]).map((item) => this.#value(item, type.items))
      case 'map': {
        const map = Object.create(null) as Record<string, unknown>
        for (const [key, each] of Object.entries(json as Readonly<Record<string, Json>>)) {
          map[key] = this.#value(each, type.values)
        }
        return map
      }
      case 'record':
        return this.#record(json, type)
      case 'bytes':
      case 'fixed':
        return Buffer.from(json as string, 'latin1')
      case 'long':
        return BigInt(JSON.stringify(json))
      case 'int':
      case 'float':
      case 'double':
        return numberOf(json) ?? Number(json)
      default:
        return json // null, boolean, string, and the symbol of an enum
    }
  }

  #record(json: Json, type: AvroRecord): unknown {
    const record = Object.create(null) as Record<string, unknown>
    for (const field of type.fields) {
      const given = isJsonObject(json) ? member(json, field.name) : undefined
      record[field.name] =
        given === undefined ? this.#valueOf(field) : this.#value(given, field.type)
    }
    return record
  }
}
