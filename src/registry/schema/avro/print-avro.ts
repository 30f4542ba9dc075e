/**
 * Writes Avro types as JSON again. Canonical: names as short as their surroundings allow,
 * attributes in a fixed order and all kept. Normalized: full names everywhere, attributes and
 * aliases sorted. Resolved: what references define is written out where it is first used.
 */
import type { Json } from '../exact-json.ts'
import { sortKeys } from '../exact-json.ts'
import { isNamed, namespaceOf, unqualified } from './avro-type.ts'
import type { AvroField, AvroNamed, AvroProps, AvroType } from './avro-type.ts'
import type { AvroDocument } from './parse-avro.ts'

export type AvroNotation = 'canonical' | 'normalized' | 'resolved'
type Entries = readonly (readonly [string, Json | undefined])[]

export function printAvro(document: AvroDocument, notation: AvroNotation): string {
  const written = notation === 'resolved' ? [] : document.referred
  return JSON.stringify(new AvroPrinting(notation, new Set(written)).type(document.root, ''))
}

/** Entries without a value are left out. Built by definition: a key may be `__proto__`. */
const objectOf = (entries: Entries): Json =>
  Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Json

class AvroPrinting {
  readonly #normalized: boolean
  readonly #written: Set<string>

  constructor(notation: AvroNotation, written: Set<string>) {
    this.#normalized = notation === 'normalized'
    this.#written = written
  }

  type(type: AvroType, space: string): Json {
    if (type.kind === 'union') return type.branches.map((branch) => this.type(branch, space))
    if (isNamed(type)) return this.#named(type, space)
    const props = this.#props(type.props)
    if (type.kind === 'array')
      return objectOf([['type', 'array'], ['items', this.type(type.items, space)], ...props])
    if (type.kind === 'map')
      return objectOf([['type', 'map'], ['values', this.type(type.values, space)], ...props])
    return props.length === 0 ? type.kind : objectOf([['type', type.kind], ...props])
  }

  #named(type: AvroNamed, space: string): Json {
    const own = namespaceOf(type.name)
    if (this.#written.has(type.name))
      return !this.#normalized && own === space ? unqualified(type.name) : type.name
    this.#written.add(type.name)
    const head: Entries = [
      ['type', type.kind === 'record' && type.isError ? 'error' : type.kind],
      ['name', this.#normalized ? type.name : unqualified(type.name)],
      ['namespace', this.#normalized || own === space ? undefined : own],
      ['doc', type.doc],
    ]
    const tail: Entries = [...this.#props(type.props), ['aliases', this.#aliases(type, own)]]
    switch (type.kind) {
      case 'record':
        return objectOf([
          ...head,
          ['fields', type.fields.map((each) => this.#field(each, own))],
          ...tail,
        ])
      case 'enum':
        return objectOf([...head, ['symbols', type.symbols], ['default', type.default], ...tail])
      case 'fixed':
        return objectOf([...head, ['size', type.size], ...tail])
    }
  }

  #field(field: AvroField, space: string): Json {
    return objectOf([
      ['name', field.name],
      ['type', this.type(field.type, space)],
      ['doc', field.doc],
      ['default', field.default],
      ['order', field.order === 'ascending' ? undefined : field.order],
      ['aliases', field.aliases.length === 0 ? undefined : this.#sorted(field.aliases)],
      ...this.#props(field.props),
    ])
  }

  #aliases(type: AvroNamed, own: string): Json | undefined {
    if (type.aliases.length === 0) return undefined
    if (this.#normalized) return this.#sorted(type.aliases)
    return type.aliases.map((alias) => (namespaceOf(alias) === own ? unqualified(alias) : alias))
  }

  #sorted(names: readonly string[]): readonly string[] {
    return this.#normalized ? [...names].sort() : names
  }

  #props(props: AvroProps): Entries {
    const entries = [...props.entries()]
    if (!this.#normalized) return entries
    return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sortKeys(each)])
  }
}
