/**
 * Reads an Avro schema (specification 1.12, "Schema Declaration") into types, or says what is wrong
 * and where.
 */
import { isJsonObject, member, numberOf, readJson } from '../exact-json.ts'
import type { Json, JsonObject } from '../exact-json.ts'
import type { SchemaSource } from '../schema-format.ts'
import { misfitOfDefault } from './avro-default.ts'
import { avroPrimitives, isNamed, namespaceOf } from './avro-type.ts'
import type {
  AvroEnum,
  AvroField,
  AvroFixed,
  AvroNamed,
  AvroPrimitive,
  AvroProps,
  AvroRecord,
  AvroType,
} from './avro-type.ts'

export interface AvroDocument {
  readonly root: AvroType
  /** Full names that come from references: what is printed names them only. */
  readonly referred: ReadonlySet<string>
}

export type AvroOutcome =
  | { readonly ok: true; readonly document: AvroDocument }
  | { readonly ok: false; readonly message: string }

/** `at` is a JSON pointer into the schema. Never leaves this file. */
class Misread extends Error {
  readonly at: string
  constructor(at: string, message: string) {
    super(message)
    this.at = at
  }
}

const nameParts = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/
const simpleName = /^[A-Za-z_][A-Za-z0-9_]*$/
const isPrimitive = (name: string): name is AvroPrimitive =>
  (avroPrimitives as readonly string[]).includes(name)
const noProps: AvroProps = new Map()

/** References first, each seeing the names of those before it. */
export function parseAvro(source: SchemaSource, checkDefaults: boolean): AvroOutcome {
  const names = new Map<string, AvroNamed>()
  let part = ''
  try {
    for (const reference of source.references) {
      part = `reference ${reference.name}: `
      new AvroReading(names, false).root(reference.text)
    }
    part = ''
    const referred = new Set(names.keys())
    const root = new AvroReading(names, checkDefaults).root(source.text)
    return { ok: true, document: { root, referred } }
  } catch (error) {
    if (!(error instanceof Misread)) throw error
    const where = error.at === '' ? '' : ` at ${error.at}`
    return { ok: false, message: `${part}not an Avro schema${where}: ${error.message}` }
  }
}

class AvroReading {
  readonly #names: Map<string, AvroNamed>
  readonly #checkDefaults: boolean
  /** Defaults are checked last: their types may not be whole before. */
  readonly #defaults: { field: AvroField; at: string }[] = []

  constructor(names: Map<string, AvroNamed>, checkDefaults: boolean) {
    this.#names = names
    this.#checkDefaults = checkDefaults
  }

  root(text: string): AvroType {
    const json = readJson(text)
    if (!json.ok) throw new Misread('', json.message)
    const type = this.#type(json.value, '', '')
    if (this.#checkDefaults) {
      for (const { field, at } of this.#defaults) {
        const misfit = misfitOfDefault(field.default!, field.type, '')
        if (misfit !== undefined) throw new Misread(`${at}/default${misfit.at}`, misfit.message)
      }
    }
    return type
  }

  #type(json: Json | undefined, at: string, space: string): AvroType {
    if (typeof json === 'string') return this.#byName(json, at, space)
    if (Array.isArray(json)) return this.#union(json as readonly Json[], at, space)
    if (!isJsonObject(json))
      throw new Misread(at, 'a type is a name, an object or an array of branches')
    const type = member(json, 'type')
    if (type === undefined) throw new Misread(at, 'an object needs the attribute "type"')
    // {"type": {…}} is the inner type, as writers of generated schemas nest it.
    if (typeof type !== 'string') return this.#type(type, `${at}/type`, space)
    switch (type) {
      case 'record':
      case 'error':
        return this.#record(json, at, space)
      case 'enum':
        return this.#enum(json, at, space)
      case 'fixed':
        return this.#fixed(json, at, space)
      case 'array': {
        const items = this.#type(this.#required(json, 'items', at), `${at}/items`, space)
        return { kind: 'array', items, props: propsOf(json, 'type', 'items') }
      }
      case 'map': {
        const values = this.#type(this.#required(json, 'values', at), `${at}/values`, space)
        return { kind: 'map', values, props: propsOf(json, 'type', 'values') }
      }
      default:
        if (isPrimitive(type)) return { kind: type, props: propsOf(json, 'type') }
        return this.#byName(type, `${at}/type`, space)
    }
  }

  #byName(name: string, at: string, space: string): AvroType {
    if (isPrimitive(name)) return { kind: name, props: noProps }
    const full = name.includes('.') || space === '' ? name : `${space}.${name}`
    const found = this.#names.get(full) ?? this.#names.get(name)
    if (found !== undefined) return found
    throw new Misread(
      at,
      `the type ${JSON.stringify(full)} is not defined before it is used: define it, ` +
        'or add a reference',
    )
  }

  #union(json: readonly Json[], at: string, space: string): AvroType {
    const branches = json.map((branch, index) => this.#type(branch, `${at}/${index}`, space))
    const seen = new Set<string>()
    for (const [index, branch] of branches.entries()) {
      if (branch.kind === 'union')
        throw new Misread(`${at}/${index}`, 'a union may not stand directly in a union')
      const key = isNamed(branch) ? branch.name : branch.kind
      if (seen.has(key)) throw new Misread(`${at}/${index}`, `the union has ${key} twice`)
      seen.add(key)
    }
    return { kind: 'union', branches }
  }

  #record(json: JsonObject, at: string, space: string): AvroRecord {
    const props = propsOf(json, 'type', 'name', 'namespace', 'doc', 'fields', 'aliases')
    const named = this.#named(json, at, space)
    const isError = json['type'] === 'error'
    const record: AvroRecord = { kind: 'record', ...named, isError, fields: [], props }
    this.#define(record, at)
    const fields = this.#required(json, 'fields', at)
    if (!Array.isArray(fields)) throw new Misread(`${at}/fields`, 'fields are an array')
    const inner = namespaceOf(record.name)
    record.fields = (fields as readonly Json[]).map((field, index) =>
      this.#field(field, `${at}/fields/${index}`, inner),
    )
    const seen = new Set<string>()
    for (const [index, field] of record.fields.entries()) {
      if (seen.has(field.name))
        throw new Misread(`${at}/fields/${index}`, `${record.name} has ${field.name} twice`)
      seen.add(field.name)
    }
    return record
  }

  #field(json: Json, at: string, space: string): AvroField {
    if (!isJsonObject(json)) throw new Misread(at, 'a field is an object with "name" and "type"')
    const name = member(json, 'name')
    if (typeof name !== 'string' || !simpleName.test(name))
      throw new Misread(`${at}/name`, badName(name))
    const order = member(json, 'order') ?? 'ascending'
    if (order !== 'ascending' && order !== 'descending' && order !== 'ignore')
      throw new Misread(`${at}/order`, 'an order is ascending, descending or ignore')
    const field: AvroField = {
      name,
      aliases: this.#strings(json, 'aliases', at),
      doc: member(json, 'doc'),
      type: this.#type(this.#required(json, 'type', at), `${at}/type`, space),
      default: member(json, 'default'),
      order,
      props: propsOf(json, 'name', 'type', 'doc', 'default', 'order', 'aliases'),
    }
    if (field.default !== undefined) this.#defaults.push({ field, at })
    return field
  }

  #enum(json: JsonObject, at: string, space: string): AvroEnum {
    const named = this.#named(json, at, space)
    this.#required(json, 'symbols', at)
    const symbols = this.#strings(json, 'symbols', at)
    const seen = new Set<string>()
    for (const [index, symbol] of symbols.entries()) {
      if (!simpleName.test(symbol)) throw new Misread(`${at}/symbols/${index}`, badName(symbol))
      if (seen.has(symbol)) throw new Misread(`${at}/symbols/${index}`, `${symbol} is there twice`)
      seen.add(symbol)
    }
    const fallback = member(json, 'default')
    if (fallback !== undefined && (typeof fallback !== 'string' || !seen.has(fallback)))
      throw new Misread(`${at}/default`, 'the default of an enum is one of its symbols')
    const props = propsOf(json, 'type', 'name', 'namespace', 'doc', 'symbols', 'default', 'aliases')
    return this.#define({ kind: 'enum', ...named, symbols, default: fallback, props }, at)
  }

  #fixed(json: JsonObject, at: string, space: string): AvroFixed {
    const named = this.#named(json, at, space)
    const size = numberOf(this.#required(json, 'size', at))
    if (size === undefined || !Number.isInteger(size) || size < 0 || size > 0x7fff_ffff)
      throw new Misread(`${at}/size`, 'a size is a whole number of bytes')
    const props = propsOf(json, 'type', 'name', 'namespace', 'doc', 'size', 'aliases')
    return this.#define({ kind: 'fixed', ...named, size, props }, at)
  }

  #named(json: JsonObject, at: string, space: string) {
    const name = this.#required(json, 'name', at)
    if (typeof name !== 'string' || !nameParts.test(name))
      throw new Misread(`${at}/name`, badName(name))
    const given = member(json, 'namespace')
    if (given !== undefined && given !== null && typeof given !== 'string')
      throw new Misread(`${at}/namespace`, 'a namespace is a string')
    if (typeof given === 'string' && given !== '' && !nameParts.test(given))
      throw new Misread(`${at}/namespace`, badName(given))
    const namespace = name.includes('.') ? namespaceOf(name) : (given ?? space)
    const full = name.includes('.') || namespace === '' ? name : `${namespace}.${name}`
    const aliases = this.#strings(json, 'aliases', at).map((alias) =>
      alias.includes('.') || namespace === '' ? alias : `${namespace}.${alias}`,
    )
    return { name: full, aliases, doc: member(json, 'doc') }
  }

  #define<Type extends AvroNamed>(type: Type, at: string): Type {
    if (isPrimitive(type.name))
      throw new Misread(`${at}/name`, `${type.name} is a name of Avro's own`)
    if (this.#names.has(type.name))
      throw new Misread(
        `${at}/name`,
        `${type.name} is defined twice: name it where you use it again`,
      )
    this.#names.set(type.name, type)
    return type
  }

  #required(json: JsonObject, key: string, at: string): Json {
    const value = member(json, key)
    if (value === undefined)
      throw new Misread(at, `the attribute ${JSON.stringify(key)} is missing`)
    return value
  }

  #strings(json: JsonObject, key: string, at: string): readonly string[] {
    const value = member(json, key) ?? []
    if (!Array.isArray(value) || !value.every((each) => typeof each === 'string'))
      throw new Misread(`${at}/${key}`, `${key} are an array of strings`)
    return value
  }
}

const badName = (name: Json | undefined): string =>
  `${JSON.stringify(name)} is no name: letters, digits and _ are, not beginning with a digit`

const propsOf = (json: JsonObject, ...known: readonly string[]): AvroProps =>
  new Map(Object.entries(json).filter(([key]) => !known.includes(key)))
