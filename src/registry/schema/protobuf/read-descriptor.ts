/**
 * A .proto file from its serialized descriptor, as clients in Python and .NET register it: in
 * base64.
 */
import { PayloadFault } from '../payload-limits.ts'
import type {
  EnumData,
  FieldData,
  FileData,
  MessageData,
  OptionsData,
  RangeData,
} from './descriptor-types.ts'
import { fileDescriptorType } from './descriptor-types.ts'
import { ProtoBytes } from './proto-bytes.ts'
import { fieldNumberMax, ProtoFault } from './proto-file.ts'
import type {
  ProtoEnum,
  ProtoExtend,
  ProtoField,
  ProtoFile,
  ProtoMessage,
  ProtoOption,
} from './proto-file.ts'
import { readMessage } from './read-proto.ts'

const base64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/

/** No .proto file reads like this: it would need a sign that base64 does not have. */
export const looksSerialized = (text: string): boolean => base64.test(text)

/** @throws ProtoFault where the bytes are no descriptor. */
export function readDescriptor(text: string): ProtoFile {
  try {
    const bytes = new ProtoBytes(Buffer.from(text, 'base64'))
    return fileOf(readMessage(bytes, fileDescriptorType()))
  } catch (error) {
    if (!(error instanceof PayloadFault)) throw error
    throw new ProtoFault(
      1,
      `neither a .proto file nor a serialized descriptor in base64: ${error.message}`,
    )
  }
}

function fileOf(data: FileData): ProtoFile {
  const dependencies = data.dependency ?? []
  const kindOf = (index: number): 'public' | 'weak' | undefined => {
    if (data.public_dependency?.includes(index) === true) return 'public'
    return data.weak_dependency?.includes(index) === true ? 'weak' : undefined
  }
  const edition = data.edition === undefined ? undefined : data.edition.replace('EDITION_', '')
  return {
    syntax: edition !== undefined ? 'editions' : data.syntax === 'proto3' ? 'proto3' : 'proto2',
    edition,
    package: data.package ?? '',
    imports: dependencies.map((path, index) => ({ path, kind: kindOf(index) })),
    options: optionsOf(data.options),
    messages: (data.message_type ?? []).map((each) => messageOf(each, data)),
    enums: (data.enum_type ?? []).map(enumOf),
    extends: extendsOf(data.extension ?? [], data),
    services: (data.service ?? []).map(({ name = '', method = [], options }) => ({
      name,
      options: optionsOf(options),
      methods: method.map((each) => ({
        name: each.name ?? '',
        input: each.input_type ?? '',
        output: each.output_type ?? '',
        inputStreams: each.client_streaming === true,
        outputStreams: each.server_streaming === true,
        options: optionsOf(each.options),
      })),
    })),
  }
}

const isMapEntry = (data: MessageData): boolean => data.options?.['map_entry'] === true

/** Maps are messages of two fields in a descriptor, and fields of a kind of their own in a file. */
function messageOf(data: MessageData, file: FileData): ProtoMessage {
  const nested = data.nested_type ?? []
  const entries = nested.filter(isMapEntry)
  const groups = new Set(
    [...(data.field ?? []), ...(data.extension ?? [])]
      .filter(({ type }) => type === 'group')
      .map(({ type_name = '' }) => type_name.slice(type_name.lastIndexOf('.') + 1)),
  )
  const fields = (data.field ?? []).map((each) => fieldOf(each, data, entries, file))
  return {
    name: data.name ?? '',
    fields,
    oneofs: (data.oneof_decl ?? [])
      .filter(({ name }) => fields.some(({ oneof }) => oneof === name))
      .map(({ name = '' }) => ({ name, options: [] })),
    messages: nested
      .filter((each) => !isMapEntry(each))
      .map((each) => ({ ...messageOf(each, file), isGroup: groups.has(each.name ?? '') })),
    enums: (data.enum_type ?? []).map(enumOf),
    extends: extendsOf(data.extension ?? [], file),
    reserved: [
      ...(data.reserved_range ?? []).map((each) => rangeOf(each, 1)),
      ...(data.reserved_name ?? []).map((name) => JSON.stringify(name)),
    ],
    extensions: (data.extension_range ?? []).map((each) => rangeOf(each, 1)),
    options: optionsOf(data.options),
    isGroup: false,
    line: 1,
  }
}

function fieldOf(
  data: FieldData,
  of: MessageData,
  entries: readonly MessageData[],
  file: FileData,
): ProtoField {
  const { name = '', number = 0, type = '', type_name: typeName = '', label } = data
  const entry = entries.find((each) => typeName.endsWith(`.${of.name}.${each.name}`))
  const [key, value] = entry?.field ?? []
  const typeOf = (field: FieldData): string => field.type_name ?? field.type ?? ''
  const isOptional = data.proto3_optional === true
  const isPlain =
    label === 'optional' && !isOptional && (file.syntax === 'proto3' || file.edition !== undefined)
  const inOneof = data.oneof_index !== undefined && !isOptional
  const oneof = inOneof ? of.oneof_decl?.[data.oneof_index ?? 0]?.name : undefined
  const unlabelled = entry !== undefined || oneof !== undefined || isPlain
  return {
    name,
    number,
    label: unlabelled ? undefined : (label as ProtoField['label']),
    type: value !== undefined ? typeOf(value) : type === 'group' ? lastOf(typeName) : typeOf(data),
    mapKey: key?.type,
    oneof,
    isGroup: type === 'group',
    options: fieldOptions(data),
    line: 1,
  }
}

const lastOf = (name: string): string => name.slice(name.lastIndexOf('.') + 1)

const jsonName = (name: string): string =>
  name.replace(/_+([A-Za-z0-9]?)/g, (_, letter: string) => letter.toUpperCase())

function fieldOptions(data: FieldData): readonly ProtoOption[] {
  const given: ProtoOption[] = []
  const { default_value: fallback, json_name: json, name = '' } = data
  if (fallback !== undefined) {
    const quoted = data.type === 'string' || data.type === 'bytes'
    given.push({ name: 'default', value: quoted ? JSON.stringify(fallback) : fallback })
  }
  if (json !== undefined && json !== jsonName(name))
    given.push({ name: 'json_name', value: JSON.stringify(json) })
  return [...given, ...optionsOf(data.options)]
}

function extendsOf(fields: readonly FieldData[], file: FileData): readonly ProtoExtend[] {
  const byExtendee = Map.groupBy(fields, ({ extendee = '' }) => extendee)
  return [...byExtendee].map(([extendee, each]) => ({
    extendee,
    fields: each.map((field) => fieldOf(field, {}, [], file)),
  }))
}

function enumOf(data: EnumData): ProtoEnum {
  return {
    name: data.name ?? '',
    values: (data.value ?? []).map(({ name = '', number = 0, options }) => ({
      name,
      number,
      options: optionsOf(options),
    })),
    reserved: [
      ...(data.reserved_range ?? []).map((each) => rangeOf(each, 0)),
      ...(data.reserved_name ?? []).map((name) => JSON.stringify(name)),
    ],
    options: optionsOf(data.options),
    line: 1,
  }
}

/** The end is not in the range of a message, and is in that of an enum. */
function rangeOf({ start = 0, end = 0 }: RangeData, excluded: 0 | 1): string {
  const last = end - excluded
  if (last === start) return String(start)
  return last >= fieldNumberMax ? `${start} to max` : `${start} to ${last}`
}

const metaOption = /^(file|message|field|enum|enum_value)_meta$/

function optionsOf(data: OptionsData | undefined): readonly ProtoOption[] {
  return Object.entries(data ?? {}).flatMap(([name, value]): readonly ProtoOption[] => {
    if (name === 'features')
      return optionsOf(value as OptionsData).map((each) => ({
        ...each,
        name: `features.${each.name}`,
      }))
    if (metaOption.test(name))
      return [{ name: `(confluent.${name})`, value: textOf(value as OptionsData) }]
    // Names of enums and flags stand without quotes, texts with them.
    const bare = typeof value === 'boolean' || (typeof value === 'string' && enumOptions.has(name))
    return [{ name, value: bare ? String(value) : JSON.stringify(value) }]
  })
}

const enumOptions: ReadonlySet<string> = new Set([
  'optimize_for',
  'ctype',
  'jstype',
  'idempotency_level',
  'field_presence',
  'enum_type',
  'repeated_field_encoding',
  'utf8_validation',
  'message_encoding',
  'json_format',
])

/** In the text format of messages. */
function textOf(meta: OptionsData): string {
  const { doc, params, tags } = meta
  const parts = [
    ...(typeof doc === 'string' ? [`doc : ${JSON.stringify(doc)}`] : []),
    ...Object.entries((params ?? {}) as Record<string, string>).map(
      ([key, value]) =>
        `params : { key : ${JSON.stringify(key)} , value : ${JSON.stringify(value)} }`,
    ),
    ...(Array.isArray(tags) && tags.length > 0
      ? [`tags : [ ${tags.map((tag) => JSON.stringify(tag)).join(' , ')} ]`]
      : []),
  ]
  return `{ ${parts.join(' , ')} }`
}
