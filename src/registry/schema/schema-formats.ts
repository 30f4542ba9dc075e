/** The schema languages that there are. */
import type { SchemaFormats } from '../schema-parser.ts'

export const schemaFormats: SchemaFormats = {
  JSON: async () => (await import('./json/json-format.ts')).jsonFormat,
  PROTOBUF: async () => (await import('./protobuf/protobuf-format.ts')).protobufFormat,
  AVRO: async () => (await import('./avro/avro-format.ts')).avroFormat,
}
