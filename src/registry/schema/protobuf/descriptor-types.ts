/**
 * The message types of google/protobuf/descriptor.proto, which describe a file as data. Clients
 * register schemas in this form (base64), and ask for it back. Read by our own parser, from our own
 * text.
 */
import { parseProto } from './parse-proto.ts'
import { linkProto } from './proto-types.ts'
import type { MessageType } from './proto-types.ts'

const meta = `message Meta { optional string doc = 1; map<string, string> params = 2;
  repeated string tags = 3; }`

/**
 * Options that carry nothing but flags and texts; custom ones, except Confluent's, are unknown
 * fields.
 */
const options = `
message FileOptions { optional string java_package = 1; optional string java_outer_classname = 8;
  optional OptimizeMode optimize_for = 9; optional bool java_multiple_files = 10;
  optional string go_package = 11; optional bool cc_generic_services = 16;
  optional bool java_generic_services = 17; optional bool py_generic_services = 18;
  optional bool java_generate_equals_and_hash = 20; optional bool deprecated = 23;
  optional bool java_string_check_utf8 = 27; optional bool cc_enable_arenas = 31;
  optional string objc_class_prefix = 36; optional string csharp_namespace = 37;
  optional string swift_prefix = 39; optional string php_class_prefix = 40;
  optional string php_namespace = 41; optional string php_metadata_namespace = 44;
  optional string ruby_package = 45; optional FeatureSet features = 50; optional Meta file_meta =
    1088; }
enum OptimizeMode { NONE_SPEED = 0; SPEED = 1; CODE_SIZE = 2; LITE_RUNTIME = 3; }
message MessageOptions { optional bool message_set_wire_format = 1;
  optional bool no_standard_descriptor_accessor = 2; optional bool deprecated = 3;
  optional bool map_entry = 7; optional Meta message_meta = 1088; }
message FieldOptions { optional CType ctype = 1; optional bool packed = 2;
  optional bool deprecated = 3;
  optional bool lazy = 5; optional JSType jstype = 6; optional bool weak = 10;
    optional bool debug_redact = 16;
  optional FeatureSet features = 21; optional Meta field_meta = 1088; }
enum CType { STRING = 0; CORD = 1; STRING_PIECE = 2; }
enum JSType { JS_NORMAL = 0; JS_STRING = 1; JS_NUMBER = 2; }
message EnumOptions { optional bool allow_alias = 2; optional bool deprecated = 3;
  optional Meta enum_meta = 1088; }
message EnumValueOptions { optional bool deprecated = 1; optional Meta enum_value_meta = 1088; }
message ServiceOptions { optional bool deprecated = 33; }
message MethodOptions { optional bool deprecated = 33;
  optional IdempotencyLevel idempotency_level = 34; }
enum IdempotencyLevel { IDEMPOTENCY_UNKNOWN = 0; NO_SIDE_EFFECTS = 1; IDEMPOTENT = 2; }
message FeatureSet { optional FieldPresence field_presence = 1; optional EnumType enum_type = 2;
  optional RepeatedFieldEncoding repeated_field_encoding = 3;
    optional Utf8Validation utf8_validation = 4;
  optional MessageEncoding message_encoding = 5; optional JsonFormat json_format = 6; }
enum FieldPresence { FIELD_PRESENCE_UNKNOWN = 0; EXPLICIT = 1; IMPLICIT = 2; LEGACY_REQUIRED = 3; }
enum EnumType { ENUM_TYPE_UNKNOWN = 0; OPEN = 1; CLOSED = 2; }
enum RepeatedFieldEncoding { REPEATED_FIELD_ENCODING_UNKNOWN = 0; PACKED = 1; EXPANDED = 2; }
enum Utf8Validation { UTF8_VALIDATION_UNKNOWN = 0; VERIFY = 2; NONE = 3; }
enum MessageEncoding { MESSAGE_ENCODING_UNKNOWN = 0; LENGTH_PREFIXED = 1; DELIMITED = 2; }
enum JsonFormat { JSON_FORMAT_UNKNOWN = 0; ALLOW = 1; LEGACY_BEST_EFFORT = 2; }`

const descriptors = `
message FileDescriptorProto { optional string name = 1; optional string package = 2;
  repeated string dependency = 3; repeated DescriptorProto message_type = 4;
  repeated EnumDescriptorProto enum_type = 5; repeated ServiceDescriptorProto service = 6;
  repeated FieldDescriptorProto extension = 7; optional FileOptions options = 8;
  repeated int32 public_dependency = 10; repeated int32 weak_dependency = 11;
  optional string syntax = 12; optional Edition edition = 14; }
enum Edition { EDITION_UNKNOWN = 0; EDITION_2023 = 1000; EDITION_2024 = 1001; }
message DescriptorProto { optional string name = 1; repeated FieldDescriptorProto field = 2;
  repeated DescriptorProto nested_type = 3; repeated EnumDescriptorProto enum_type = 4;
  repeated Range extension_range = 5; repeated FieldDescriptorProto extension = 6;
  optional MessageOptions options = 7; repeated OneofDescriptorProto oneof_decl = 8;
  repeated Range reserved_range = 9; repeated string reserved_name = 10; }
message Range { optional int32 start = 1; optional int32 end = 2; }
message FieldDescriptorProto { optional string name = 1; optional string extendee = 2;
  optional int32 number = 3; optional Label label = 4; optional Type type = 5;
  optional string type_name = 6; optional string default_value = 7;
    optional FieldOptions options = 8;
  optional int32 oneof_index = 9; optional string json_name = 10; optional bool proto3_optional =
    17; }
enum Label { NO_LABEL = 0; optional = 1; required = 2; repeated = 3; }
enum Type { NO_TYPE = 0; double = 1; float = 2; int64 = 3; uint64 = 4; int32 = 5; fixed64 = 6;
  fixed32 = 7;
  bool = 8; string = 9; group = 10; message = 11; bytes = 12; uint32 = 13; enum = 14; sfixed32 = 15;
  sfixed64 = 16; sint32 = 17; sint64 = 18; }
message OneofDescriptorProto { optional string name = 1; }
message EnumDescriptorProto { optional string name = 1; repeated EnumValueDescriptorProto value = 2;
  optional EnumOptions options = 3; repeated Range reserved_range = 4;
    repeated string reserved_name = 5; }
message EnumValueDescriptorProto { optional string name = 1; optional int32 number = 2;
  optional EnumValueOptions options = 3; }
message ServiceDescriptorProto { optional string name = 1;
  repeated MethodDescriptorProto method = 2;
  optional ServiceOptions options = 3; }
message MethodDescriptorProto { optional string name = 1; optional string input_type = 2;
  optional string output_type = 3; optional MethodOptions options = 4;
  optional bool client_streaming = 5; optional bool server_streaming = 6; }`

let described: MessageType | undefined

/** `FileDescriptorProto`, the first message of the text. */
export function fileDescriptorType(): MessageType {
  described ??= linkProto(parseProto(`syntax = "proto2"; ${descriptors} ${options} ${meta}`), [])
    .messages[0]!
  return described
}

export interface RangeData {
  readonly start?: number
  readonly end?: number
}
/** As plain values, by the names above; extensions of Confluent's are among the options. */
export type OptionsData = Readonly<Record<string, unknown>>
export interface FieldData {
  readonly name?: string
  readonly extendee?: string
  readonly number?: number
  readonly label?: string
  readonly type?: string
  readonly type_name?: string
  readonly default_value?: string
  readonly options?: OptionsData
  readonly oneof_index?: number
  readonly json_name?: string
  readonly proto3_optional?: boolean
}
export interface EnumData {
  readonly name?: string
  readonly value?: readonly { name?: string; number?: number; options?: OptionsData }[]
  readonly options?: OptionsData
  readonly reserved_range?: readonly RangeData[]
  readonly reserved_name?: readonly string[]
}
export interface MessageData {
  readonly name?: string
  readonly field?: readonly FieldData[]
  readonly nested_type?: readonly MessageData[]
  readonly enum_type?: readonly EnumData[]
  readonly extension_range?: readonly RangeData[]
  readonly extension?: readonly FieldData[]
  readonly options?: OptionsData
  readonly oneof_decl?: readonly { name?: string }[]
  readonly reserved_range?: readonly RangeData[]
  readonly reserved_name?: readonly string[]
}
export interface MethodData {
  readonly name?: string
  readonly input_type?: string
  readonly output_type?: string
  readonly options?: OptionsData
  readonly client_streaming?: boolean
  readonly server_streaming?: boolean
}
export interface FileData {
  readonly name?: string
  readonly package?: string
  readonly dependency?: readonly string[]
  readonly message_type?: readonly MessageData[]
  readonly enum_type?: readonly EnumData[]
  readonly service?: readonly {
    name?: string
    method?: readonly MethodData[]
    options?: OptionsData
  }[]
  readonly extension?: readonly FieldData[]
  readonly options?: OptionsData
  readonly public_dependency?: readonly number[]
  readonly weak_dependency?: readonly number[]
  readonly syntax?: string
  readonly edition?: string
}
