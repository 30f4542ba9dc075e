/** A .proto file as it was written: names not resolved yet, options as text. */

export interface ProtoOption {
  /** `deprecated`, `(confluent.field_meta).tags`. */
  readonly name: string
  /** As text of the language: `true`, `"PII"`, `{doc:"x"}`. */
  readonly value: string
}

export interface ProtoField {
  readonly name: string
  readonly number: number
  readonly label: 'optional' | 'required' | 'repeated' | undefined
  /** A scalar, or a name; of a map, that of its values. */
  readonly type: string
  readonly mapKey: string | undefined
  readonly oneof: string | undefined
  readonly isGroup: boolean
  readonly options: readonly ProtoOption[]
  readonly line: number
}

export interface ProtoOneof {
  readonly name: string
  readonly options: readonly ProtoOption[]
}

export interface ProtoEnumValue {
  readonly name: string
  readonly number: number
  readonly options: readonly ProtoOption[]
}

export interface ProtoEnum {
  readonly name: string
  readonly values: readonly ProtoEnumValue[]
  readonly reserved: readonly string[]
  readonly options: readonly ProtoOption[]
  readonly line: number
}

export interface ProtoExtend {
  readonly extendee: string
  readonly fields: readonly ProtoField[]
}

export interface ProtoMessage {
  readonly name: string
  readonly fields: readonly ProtoField[]
  readonly oneofs: readonly ProtoOneof[]
  readonly messages: readonly ProtoMessage[]
  readonly enums: readonly ProtoEnum[]
  readonly extends: readonly ProtoExtend[]
  /** `5`, `7 to 9`, `10 to max`, `"name"`. */
  readonly reserved: readonly string[]
  readonly extensions: readonly string[]
  readonly options: readonly ProtoOption[]
  /** Message indexes do not count it. */
  readonly isGroup: boolean
  readonly line: number
}

export interface ProtoMethod {
  readonly name: string
  readonly input: string
  readonly output: string
  readonly inputStreams: boolean
  readonly outputStreams: boolean
  readonly options: readonly ProtoOption[]
}

export interface ProtoService {
  readonly name: string
  readonly methods: readonly ProtoMethod[]
  readonly options: readonly ProtoOption[]
}

export interface ProtoImport {
  readonly path: string
  readonly kind: 'public' | 'weak' | undefined
}

export interface ProtoFile {
  /** `proto2` where the file does not say. */
  readonly syntax: 'proto2' | 'proto3' | 'editions'
  /** `2023` for editions. */
  readonly edition: string | undefined
  readonly package: string
  readonly imports: readonly ProtoImport[]
  readonly options: readonly ProtoOption[]
  readonly messages: readonly ProtoMessage[]
  readonly enums: readonly ProtoEnum[]
  readonly extends: readonly ProtoExtend[]
  readonly services: readonly ProtoService[]
}

export const protoScalars = [
  'double',
  'float',
  'int32',
  'int64',
  'uint32',
  'uint64',
  'sint32',
  'sint64',
  'fixed32',
  'fixed64',
  'sfixed32',
  'sfixed64',
  'bool',
  'string',
  'bytes',
] as const
export type ProtoScalar = (typeof protoScalars)[number]

export const isScalar = (type: string): type is ProtoScalar =>
  (protoScalars as readonly string[]).includes(type)

/** 2^29 - 1. */
export const fieldNumberMax = 536_870_911

/** What is wrong with a file, and in which line. Caught where files are read. */
export class ProtoFault extends Error {
  readonly line: number

  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}
