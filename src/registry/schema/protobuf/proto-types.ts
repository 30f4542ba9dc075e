/**
 * A file with all it imports, and every name resolved: what the rules compare and payloads are read
 * by.
 */
import type { NamedSchema } from '../schema-format.ts'
import { checkProto } from './check-proto.ts'
import { parseProto } from './parse-proto.ts'
import { isScalar, ProtoFault } from './proto-file.ts'
import type { ProtoEnum, ProtoField, ProtoFile, ProtoMessage, ProtoScalar } from './proto-file.ts'
import { wellKnownFile } from './well-known.ts'

export interface MessageType {
  readonly kind: 'message'
  readonly fullName: string
  readonly file: ProtoFile
  readonly source: ProtoMessage
  readonly fields: Map<number, FieldType>
  /** Of its fields, those that must be there. */
  readonly required: ProtoField[]
  /** Without groups, in order: message indexes count them. */
  readonly messages: readonly MessageType[]
}
export interface EnumType {
  readonly kind: 'enum'
  readonly fullName: string
  readonly source: ProtoEnum
  readonly names: ReadonlyMap<number, string>
}
export interface ScalarType {
  readonly kind: 'scalar'
  readonly scalar: ProtoScalar
}
export type ValueType = MessageType | EnumType | ScalarType

export interface FieldType {
  readonly source: ProtoField
  readonly type: ValueType
  /** Of a map, the type of its keys; `type` is that of its values. */
  readonly mapKey: ProtoScalar | undefined
  /** Of a map, what an entry is read as. */
  readonly entry: EntryType | undefined
  readonly isRequired: boolean
  /** Encoded between two tags and not with a length: groups, and what features say. */
  readonly isDelimited: boolean
}

/** A map is written as messages of two fields. */
export interface EntryType {
  readonly key: FieldType
  readonly value: FieldType
}

export interface ProtoDocument {
  readonly file: ProtoFile
  /** Of the file itself, without groups. */
  readonly messages: readonly MessageType[]
  readonly enums: readonly EnumType[]
  /** Full name of a type, as `scope` would find it by `name`. */
  readonly resolve: (name: string, scope: string) => string | undefined
  readonly kindOf: (name: string, scope: string) => 'message' | 'enum' | undefined
}

/** @throws ProtoFault where an import or a type is missing. */
export function linkProto(file: ProtoFile, references: readonly NamedSchema[]): ProtoDocument {
  return new ProtoLinking(new Map(references.map(({ name, text }) => [name, text]))).link(file)
}

class ProtoLinking {
  readonly #texts: ReadonlyMap<string, string>
  readonly #imported = new Set<string>()
  readonly #types = new Map<string, MessageType | EnumType>()
  readonly #open: MessageType[] = []

  constructor(texts: ReadonlyMap<string, string>) {
    this.#texts = texts
  }

  link(file: ProtoFile): ProtoDocument {
    this.#imports(file)
    const own = this.#declare(file)
    for (const message of this.#open) this.#fields(message)
    this.#checkNames(file)
    return {
      file,
      ...own,
      resolve: (name, scope) => this.#find(name, scope)?.fullName,
      kindOf: (name, scope) => this.#find(name, scope)?.kind,
    }
  }

  #imports(file: ProtoFile): void {
    const open = [...file.imports]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { path } = next
      if (this.#imported.has(path)) continue
      this.#imported.add(path)
      const imported = this.#read(path)
      if (imported === undefined) {
        if (next.kind === 'weak') continue
        throw new ProtoFault(
          1,
          `the import ${JSON.stringify(path)} is not there: register it as a subject, and ` +
            'add a reference of that name',
        )
      }
      this.#declare(imported)
      open.push(...imported.imports)
    }
  }

  #read(path: string): ProtoFile | undefined {
    const text = this.#texts.get(path)
    if (text === undefined) return wellKnownFile(path)
    try {
      const file = parseProto(text)
      checkProto(file)
      return file
    } catch (error) {
      if (!(error instanceof ProtoFault)) throw error
      throw new ProtoFault(error.line, `in the reference ${path}: ${error.message}`)
    }
  }

  #declare(file: ProtoFile) {
    const messages = file.messages.map((each) => this.#message(each, file.package, file))
    const enums = file.enums.map((each) => this.#enum(each, file.package))
    return { messages: messages.filter(({ source }) => !source.isGroup), enums }
  }

  #message(source: ProtoMessage, scope: string, file: ProtoFile): MessageType {
    const fullName = joined(scope, source.name)
    const inner = source.messages.map((each) => this.#message(each, fullName, file))
    for (const each of source.enums) this.#enum(each, fullName)
    const messages = inner.filter((each) => !each.source.isGroup)
    const type: MessageType = {
      kind: 'message',
      fullName,
      file,
      source,
      fields: new Map(),
      required: [],
      messages,
    }
    this.#name(type, source.line)
    this.#open.push(type)
    return type
  }

  #enum(source: ProtoEnum, scope: string): EnumType {
    const fullName = joined(scope, source.name)
    // Of aliases, the first is the name.
    const names = new Map(source.values.toReversed().map(({ number, name }) => [number, name]))
    const type: EnumType = { kind: 'enum', fullName, source, names }
    this.#name(type, source.line)
    return type
  }

  #name(type: MessageType | EnumType, line: number): void {
    if (this.#types.has(type.fullName))
      throw new ProtoFault(line, `${type.fullName} is defined twice, here and in an import`)
    this.#types.set(type.fullName, type)
  }

  #fields(message: MessageType): void {
    for (const source of message.source.fields) {
      const field = this.#field(source, message.fullName, message.file)
      message.fields.set(source.number, field)
      if (field.isRequired) message.required.push(source)
    }
  }

  #field(source: ProtoField, scope: string, file: ProtoFile): FieldType {
    const type = this.#typeOf(source, scope)
    const feature = (name: string): string | undefined =>
      source.options.find((each) => each.name === `features.${name}`)?.value ??
      file.options.find((each) => each.name === `features.${name}`)?.value
    const isPlain = source.label === undefined && source.oneof === undefined
    const { mapKey } = source
    if (mapKey !== undefined && isScalar(mapKey)) {
      const held = {
        source,
        mapKey: undefined,
        entry: undefined,
        isRequired: false,
        isDelimited: false,
      }
      const key: FieldType = { ...held, type: { kind: 'scalar', scalar: mapKey } }
      return { ...held, type, mapKey, entry: { key, value: { ...held, type } } }
    }
    return {
      source,
      type,
      mapKey: undefined,
      entry: undefined,
      isRequired:
        source.label === 'required' || (isPlain && feature('field_presence') === 'LEGACY_REQUIRED'),
      isDelimited:
        source.isGroup || (type.kind === 'message' && feature('message_encoding') === 'DELIMITED'),
    }
  }

  #typeOf(source: ProtoField, scope: string): ValueType {
    if (isScalar(source.type)) return { kind: 'scalar', scalar: source.type }
    const found = this.#find(source.type, scope)
    if (found !== undefined) return found
    throw new ProtoFault(
      source.line,
      `the type ${source.type} of ${source.name} is not defined: define it, or import ` +
        'the file that does',
    )
  }

  /** From the innermost scope outwards, as C++ does. */
  #find(name: string, scope: string): MessageType | EnumType | undefined {
    if (name.startsWith('.')) return this.#types.get(name.slice(1))
    for (
      let outer = scope;
      ;
      outer = outer.includes('.') ? outer.slice(0, outer.lastIndexOf('.')) : ''
    ) {
      const found = this.#types.get(joined(outer, name))
      if (found !== undefined || outer === '') return found
    }
  }

  /** Names in services and extensions, which carry no data. */
  #checkNames(file: ProtoFile): void {
    for (const { name, methods } of file.services)
      for (const method of methods)
        for (const type of [method.input, method.output])
          if (this.#find(type, file.package)?.kind !== 'message')
            throw new ProtoFault(
              1,
              `the method ${name}.${method.name} names ${type}, which is no message`,
            )
    for (const { extendee, fields } of file.extends) {
      if (this.#find(extendee, file.package)?.kind !== 'message')
        throw new ProtoFault(
          fields[0]?.line ?? 1,
          `${extendee} is extended and not defined: import its file`,
        )
      for (const field of fields) this.#typeOf(field, file.package)
    }
  }
}

const joined = (scope: string, name: string): string => (scope === '' ? name : `${scope}.${name}`)
