/**
 * The serialized descriptor of a file, in base64: what clients ask for with `format=serialized`.
 * Options that descriptor.proto itself defines are in it; custom ones stay in the text.
 */
import { fileDescriptorType } from './descriptor-types.ts'
import type {
  EnumData,
  FieldData,
  FileData,
  MessageData,
  OptionsData,
  RangeData,
} from './descriptor-types.ts'
import { fieldNumberMax, isScalar } from './proto-file.ts'
import type { ProtoEnum, ProtoField, ProtoMessage, ProtoOption } from './proto-file.ts'
import type { MessageType, ProtoDocument } from './proto-types.ts'
import { writeMessage } from './write-proto.ts'

export function writeDescriptor(document: ProtoDocument): string {
  const bytes = writeMessage(new DescriptorWriting(document).file(), fileDescriptorType())
  return Buffer.from(bytes).toString('base64')
}

class DescriptorWriting {
  readonly #document: ProtoDocument

  constructor(document: ProtoDocument) {
    this.#document = document
  }

  file(): FileData {
    const { file } = this.#document
    const indexes = (kind: 'public' | 'weak'): readonly number[] =>
      file.imports.flatMap((each, index) => (each.kind === kind ? [index] : []))
    const scope = file.package
    return {
      name: 'default', // nobody says what the file is called
      ...(scope === '' ? {} : { package: scope }),
      dependency: file.imports.map(({ path }) => path),
      message_type: file.messages.map((each) => this.#message(each, scope)),
      enum_type: file.enums.map(enumData),
      service: file.services.map(({ name, methods }) => ({
        name,
        method: methods.map((each) => ({
          name: each.name,
          input_type: this.#full(each.input, scope),
          output_type: this.#full(each.output, scope),
          ...(each.inputStreams ? { client_streaming: true } : {}),
          ...(each.outputStreams ? { server_streaming: true } : {}),
        })),
      })),
      extension: file.extends.flatMap((each) =>
        each.fields.map((field) => ({
          ...this.#field(field, [], scope),
          extendee: this.#full(each.extendee, scope),
        })),
      ),
      ...withOptions('FileOptions', file.options),
      public_dependency: indexes('public'),
      weak_dependency: indexes('weak'),
      ...(file.syntax === 'proto2' ? {} : { syntax: file.syntax }),
      ...(file.edition === undefined ? {} : { edition: `EDITION_${file.edition}` }),
    }
  }

  #full(name: string, scope: string): string {
    return `.${this.#document.resolve(name, scope) ?? name}`
  }

  #message(message: ProtoMessage, outer: string): MessageData {
    const scope = outer === '' ? message.name : `${outer}.${message.name}`
    const optionals = message.fields.filter((each) => this.#isOptional(each))
    const oneofs = [
      ...message.oneofs.map(({ name }) => name),
      ...optionals.map(({ name }) => `_${name}`),
    ]
    return {
      name: message.name,
      field: message.fields.map((each) => this.#field(each, oneofs, scope)),
      nested_type: [
        ...message.messages.map((each) => this.#message(each, scope)),
        ...message.fields.flatMap((each) =>
          each.mapKey === undefined ? [] : [this.#entry(each, scope)],
        ),
      ],
      enum_type: message.enums.map(enumData),
      extension_range: message.extensions.map((each) => rangeData(each, 1)),
      extension: message.extends.flatMap(({ extendee, fields }) =>
        fields.map((field) => ({
          ...this.#field(field, [], scope),
          extendee: this.#full(extendee, scope),
        })),
      ),
      ...withOptions('MessageOptions', message.options),
      oneof_decl: oneofs.map((name) => ({ name })),
      reserved_range: message.reserved.filter(isRange).map((each) => rangeData(each, 1)),
      reserved_name: message.reserved
        .filter((each) => !isRange(each))
        .map((each) => each.slice(1, -1)),
    }
  }

  #isOptional(field: ProtoField): boolean {
    return this.#document.file.syntax === 'proto3' && field.label === 'optional'
  }

  #field(field: ProtoField, oneofs: readonly string[], scope: string): FieldData {
    const { name, number, mapKey } = field
    const oneof = this.#isOptional(field) ? `_${name}` : field.oneof
    const fallback = field.options.find((each) => each.name === 'default')?.value
    const json = field.options.find((each) => each.name === 'json_name')?.value
    const type =
      mapKey === undefined
        ? this.#type(field, scope)
        : { type: 'message', type_name: `.${scope}.${entryName(name)}` }
    return {
      name,
      number,
      label: mapKey === undefined ? (field.label ?? 'optional') : 'repeated',
      ...type,
      ...(fallback === undefined ? {} : { default_value: unquotedText(fallback) }),
      ...withOptions('FieldOptions', field.options),
      ...(oneof === undefined ? {} : { oneof_index: oneofs.indexOf(oneof) }),
      ...(json === undefined ? {} : { json_name: unquotedText(json) }),
      ...(this.#isOptional(field) ? { proto3_optional: true } : {}),
    }
  }

  #type(
    field: Pick<ProtoField, 'type' | 'isGroup'>,
    scope: string,
  ): Pick<FieldData, 'type' | 'type_name'> {
    if (isScalar(field.type)) return { type: field.type }
    const kind = this.#document.kindOf(field.type, scope)
    const type = field.isGroup ? 'group' : kind === 'enum' ? 'enum' : 'message'
    return { type, type_name: this.#full(field.type, scope) }
  }

  /** What a map is in a descriptor. */
  #entry(field: ProtoField, scope: string): MessageData {
    const value = this.#type({ type: field.type, isGroup: false }, scope)
    return {
      name: entryName(field.name),
      field: [
        { name: 'key', number: 1, label: 'optional', type: field.mapKey ?? '' },
        { name: 'value', number: 2, label: 'optional', ...value },
      ],
      options: { map_entry: true },
    }
  }
}

const entryName = (field: string): string =>
  `${field.replace(/(?:^|_+)([A-Za-z0-9]?)/g, (_, letter: string) => letter.toUpperCase())}Entry`

const isRange = (text: string): boolean => !text.startsWith('"')

function rangeData(text: string, excluded: 0 | 1): RangeData {
  const [from = '', to = from] = text.split(' to ')
  const last = to === 'max' ? fieldNumberMax : Number(to)
  return { start: Number(from), end: last + excluded }
}

function enumData(of: ProtoEnum): EnumData {
  return {
    name: of.name,
    value: of.values.map(({ name, number, options }) => ({
      name,
      number,
      ...withOptions('EnumValueOptions', options),
    })),
    ...withOptions('EnumOptions', of.options),
    reserved_range: of.reserved.filter(isRange).map((each) => rangeData(each, 0)),
    reserved_name: of.reserved.filter((each) => !isRange(each)).map((each) => each.slice(1, -1)),
  }
}

const unquotedText = (value: string): string =>
  value.startsWith('"') ? value.slice(1, -1).replace(/\\(["\\])/g, '$1') : value

/** Those that the type of options has a field for. */
function withOptions(type: string, options: readonly ProtoOption[]): { options?: OptionsData } {
  const data: Record<string, unknown> = {}
  const features: Record<string, unknown> = {}
  const known = optionFields(type)
  for (const { name, value } of options) {
    const plain = value === 'true' ? true : value === 'false' ? false : unquotedText(value)
    if (name.startsWith('features.')) features[name.slice('features.'.length)] = plain
    else if (known.has(name)) data[name] = plain
  }
  if (Object.keys(features).length > 0 && known.has('features')) data['features'] = features
  return Object.keys(data).length === 0 ? {} : { options: data }
}

/** Names of the fields of a message type that descriptors use, found by walking from the file. */
function optionFields(name: string): ReadonlySet<string> {
  const seen = new Set<MessageType>()
  const open = [fileDescriptorType()]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.fullName === name)
      return new Set([...next.fields.values()].map(({ source }) => source.name))
    if (seen.has(next)) continue
    seen.add(next)
    for (const { type } of next.fields.values()) if (type.kind === 'message') open.push(type)
  }
  return new Set()
}
