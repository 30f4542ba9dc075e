/**
 * Files that every schema may import without a reference: google/protobuf, google/type and
 * confluent. Only what data is made of: names, numbers and types. Files are short here, and read
 * when first imported.
 */
import { parseProto } from './parse-proto.ts'
import type { ProtoFile } from './proto-file.ts'

const google = 'google/protobuf/'
const type = 'google/type/'

const optionMessages = [
  'File',
  'Message',
  'Field',
  'Oneof',
  'ExtensionRange',
  'Enum',
  'EnumValue',
  'Service',
  'Method',
]
  .map((of) => `message ${of}Options { extensions 1000 to max; }`)
  .join(' ')

const wrapper = (name: string, of: string): string => `message ${name}Value { ${of} value = 1; }`

/** Path to package and body; the imports of each stand before the body. */
const bodies: Readonly<Record<string, readonly [body: string, ...imports: readonly string[]]>> = {
  [`${google}any.proto`]: ['message Any { string type_url = 1; bytes value = 2; }'],
  [`${google}descriptor.proto`]: [optionMessages],
  [`${google}duration.proto`]: ['message Duration { int64 seconds = 1; int32 nanos = 2; }'],
  [`${google}empty.proto`]: ['message Empty {}'],
  [`${google}field_mask.proto`]: ['message FieldMask { repeated string paths = 1; }'],
  [`${google}source_context.proto`]: ['message SourceContext { string file_name = 1; }'],
  [`${google}struct.proto`]: [
    `message Struct { map<string, Value> fields = 1; }
     message Value { oneof kind { NullValue null_value = 1; double number_value = 2;
       string string_value = 3;
       bool bool_value = 4; Struct struct_value = 5; ListValue list_value = 6; } }
     message ListValue { repeated Value values = 1; } enum NullValue { NULL_VALUE = 0; }`,
  ],
  [`${google}timestamp.proto`]: ['message Timestamp { int64 seconds = 1; int32 nanos = 2; }'],
  [`${google}wrappers.proto`]: [
    [
      wrapper('Double', 'double'),
      wrapper('Float', 'float'),
      wrapper('Int64', 'int64'),
      wrapper('UInt64', 'uint64'),
      wrapper('Int32', 'int32'),
      wrapper('UInt32', 'uint32'),
      wrapper('Bool', 'bool'),
      wrapper('String', 'string'),
      wrapper('Bytes', 'bytes'),
    ].join(' '),
  ],
  [`${type}calendar_period.proto`]: [
    `enum CalendarPeriod { CALENDAR_PERIOD_UNSPECIFIED = 0; DAY = 1; WEEK = 2; FORTNIGHT = 3;
      MONTH = 4;
     QUARTER = 5; HALF = 6; YEAR = 7; }`,
  ],
  [`${type}color.proto`]: [
    `message Color { float red = 1; float green = 2; float blue = 3;
      google.protobuf.FloatValue alpha = 4; }`,
    `${google}wrappers.proto`,
  ],
  [`${type}date.proto`]: ['message Date { int32 year = 1; int32 month = 2; int32 day = 3; }'],
  [`${type}datetime.proto`]: [
    `message DateTime { int32 year = 1; int32 month = 2; int32 day = 3; int32 hours = 4;
      int32 minutes = 5;
       int32 seconds = 6; int32 nanos = 7;
       oneof time_offset { google.protobuf.Duration utc_offset = 8; TimeZone time_zone = 9; } }
     message TimeZone { string id = 1; string version = 2; }`,
    `${google}duration.proto`,
  ],
  [`${type}dayofweek.proto`]: [
    `enum DayOfWeek { DAY_OF_WEEK_UNSPECIFIED = 0; MONDAY = 1; TUESDAY = 2; WEDNESDAY = 3;
      THURSDAY = 4;
     FRIDAY = 5; SATURDAY = 6; SUNDAY = 7; }`,
  ],
  [`${type}decimal.proto`]: ['message Decimal { string value = 1; }'],
  [`${type}expr.proto`]: [
    `message Expr { string expression = 1; string title = 2; string description = 3;
      string location = 4; }`,
  ],
  [`${type}fraction.proto`]: ['message Fraction { int64 numerator = 1; int64 denominator = 2; }'],
  [`${type}interval.proto`]: [
    `message Interval { google.protobuf.Timestamp start_time = 1;
      google.protobuf.Timestamp end_time = 2; }`,
    `${google}timestamp.proto`,
  ],
  [`${type}latlng.proto`]: ['message LatLng { double latitude = 1; double longitude = 2; }'],
  [`${type}money.proto`]: [
    'message Money { string currency_code = 1; int64 units = 2; int32 nanos = 3; }',
  ],
  [`${type}month.proto`]: [
    `enum Month { MONTH_UNSPECIFIED = 0; JANUARY = 1; FEBRUARY = 2; MARCH = 3; APRIL = 4; MAY = 5;
      JUNE = 6;
     JULY = 7; AUGUST = 8; SEPTEMBER = 9; OCTOBER = 10; NOVEMBER = 11; DECEMBER = 12; }`,
  ],
  [`${type}phone_number.proto`]: [
    `message PhoneNumber { message ShortCode { string region_code = 1; string number = 2; }
     oneof kind { string e164_number = 1; ShortCode short_code = 2; } string extension = 3; }`,
  ],
  [`${type}postal_address.proto`]: [
    `message PostalAddress { int32 revision = 1; string region_code = 2; string language_code = 3;
     string postal_code = 4; string sorting_code = 5; string administrative_area = 6;
       string locality = 7;
     string sublocality = 8; repeated string address_lines = 9; repeated string recipients = 10;
     string organization = 11; }`,
  ],
  [`${type}quaternion.proto`]: [
    'message Quaternion { double x = 1; double y = 2; double z = 3; double w = 4; }',
  ],
  [`${type}timeofday.proto`]: [
    `message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; }`,
  ],
  'confluent/meta.proto': [
    `message Meta { string doc = 1; map<string, string> params = 2; repeated string tags = 3;
       repeated Rule rules = 4; }
     message Rule { string name = 1; string doc = 2; string expr = 3; string sql = 4; }
     extend google.protobuf.FileOptions { Meta file_meta = 1088; }
     extend google.protobuf.MessageOptions { Meta message_meta = 1088; }
     extend google.protobuf.FieldOptions { Meta field_meta = 1088; }
     extend google.protobuf.EnumOptions { Meta enum_meta = 1088; }
     extend google.protobuf.EnumValueOptions { Meta enum_value_meta = 1088; }`,
    `${google}descriptor.proto`,
  ],
  'confluent/type/decimal.proto': [
    'message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }',
  ],
}

const parsed = new Map<string, ProtoFile>()

/** Undefined for paths that are nobody's. */
export function wellKnownFile(path: string): ProtoFile | undefined {
  const known = Object.hasOwn(bodies, path) ? bodies[path] : undefined
  if (known === undefined) return undefined
  const before = parsed.get(path)
  if (before !== undefined) return before
  const [body, ...imports] = known
  const name = path.slice(0, path.lastIndexOf('/')).replaceAll('/', '.')
  const lines = imports.map((each) => `import "${each}";`).join(' ')
  const file = parseProto(`syntax = "proto3"; package ${name}; ${lines} ${body}`)
  parsed.set(path, file)
  return file
}
