/** Serialized descriptors: ours are read by protobufjs, and by ourselves as the file they came from. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import protobuf from 'protobufjs'
import descriptor from 'protobufjs/ext/descriptor.js'
import { protobufFormat } from './protobuf-format.ts'

const parse = (text: string) => {
  const outcome = protobufFormat.parse({ text, references: [] })
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message)
  return outcome.schema
}

const files: Readonly<Record<string, string>> = {
  proto3: `syntax = "proto3"; package a.b; import "google/protobuf/timestamp.proto";
    option java_package = "x.y"; option java_multiple_files = true; option optimize_for = CODE_SIZE;
    message M { option deprecated = true; reserved 10 to 20, 30, 40 to max; reserved "foo";
      string snake_case = 1 [json_name = "other"]; optional int32 o = 2; repeated sint64 r = 3
        [packed = false];
      map<string, N> by_name = 4; oneof k { N n = 5; string t = 6; }
        google.protobuf.Timestamp at = 7; E e = 8;
      message N { E e = 1; map<int32, bytes> raw = 2; } enum E { option allow_alias = true; Z = 0;
        A = 1; B = 1; C = -1; reserved 5 to 7; } }
    enum Top { T0 = 0; T1 = 1 [deprecated = true]; }
    service S { rpc R (M) returns (stream M.N); }`,
  proto2: `syntax = "proto2"; message A { required string s = 1 [default = "a\\"b"];
    optional int32 i = 2 [default = -7]; optional group G = 3 { optional int32 x = 1; }
    extensions 100 to 199; } extend A { optional int32 e = 100; }`,
  editions: `edition = "2023"; option features.field_presence = IMPLICIT;
    message A { string s = 1 [features.field_presence = EXPLICIT]; }`,
}

for (const [syntax, text] of Object.entries(files)) {
  test(`a file of ${syntax} comes back from its descriptor`, () => {
    const schema = parse(text)
    const serialized = protobufFormat.formatted(schema, 'serialized') ?? ''
    assert.match(serialized, /^[A-Za-z0-9+/]+=*$/)
    assert.equal(parse(serialized).normalized, schema.normalized)
  })
}

test('protobufjs reads our descriptor', () => {
  // protobufjs wants every type in the set: without the one that is imported.
  const text = files['proto3'] ?? ''
  const schema = parse(text.replace(/import[^;]*;/, '').replace(/google\S+ at = 7;/, ''))
  const bytes = Buffer.from(protobufFormat.formatted(schema, 'serialized') ?? '', 'base64')
  const file = descriptor.FileDescriptorProto.decode(bytes)
  const root = (
    protobuf.Root as unknown as { fromDescriptor: (set: object) => protobuf.Root }
  ).fromDescriptor(
    descriptor.FileDescriptorSet.fromObject({
      file: [descriptor.FileDescriptorProto.toObject(file)],
    }),
  )
  const type = root.lookup('a.b.M') as protobuf.Type
  assert.equal(type.fields['other']?.id, 1, 'protobufjs takes the name in JSON')
  assert.equal(type.fields['r']?.type, 'sint64')
  assert.equal(type.fields['n']?.partOf?.name, 'k')
})

test("Confluent's tags come back from a descriptor, and other custom options do not", () => {
  // The file f of proto3, with message M { string s = 1 [1088: { tags: "PII" }]; }
  const meta = [0x82, 0x44, 0x05, 0x1a, 0x03, 0x50, 0x49, 0x49]
  const field = [0x0a, 1, 0x73, 0x18, 1, 0x20, 1, 0x28, 9, 0x42, meta.length, ...meta]
  const message = [0x0a, 1, 0x4d, 0x12, field.length, ...field]
  const bytes = [0x0a, 1, 0x66, 0x22, message.length, ...message, 0x62, 6, ...Buffer.from('proto3')]
  const schema = parse(Buffer.from(bytes).toString('base64'))
  assert.match(
    schema.canonical,
    /string s = 1 \[\(confluent.field_meta\) = \{ tags : \[ "PII" \] \}\];/,
  )
})
