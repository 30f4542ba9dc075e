import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NamedSchema, ParsedSchema } from '../schema-format.ts'
import { protobufFormat } from './protobuf-format.ts'

const parse = (text: string, references: readonly NamedSchema[] = []): ParsedSchema => {
  const outcome = protobufFormat.parse({ text, references })
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message)
  return outcome.schema
}
const refusal = (text: string, references: readonly NamedSchema[] = []): string => {
  const outcome = protobufFormat.parse({ text, references })
  return outcome.ok ? 'accepted' : outcome.message
}
const proto3 = (body: string): string => `syntax = "proto3"; ${body}`

const full = `// A file with one of everything.
syntax = 'proto3';
package a.b;
import public "x.proto";
import "google/protobuf/timestamp.proto";
import "confluent/meta.proto";
option java_package = "io." "acme";
option (file_option).deep = { a: 1 b: "x" };
/* doc */ message M {
  option deprecated = true;
  reserved 10 to 20, 30, 40 to max; reserved "foo", 'bar';
  string s = 1 [(confluent.field_meta) = { tags: ["PII", "B"] }, json_name="S"];
  optional int32 o = 0x2;
  oneof k { N n = 5; string t = 6; }
  repeated int32 r = 3 [packed = false];
  map<string, N> m = 4;
  .google.protobuf.Timestamp at = 7;
  message N { E e = 1; }
  enum E { option allow_alias = true; Z = 0; A = 1 [deprecated = true]; B = 1; C = -1; reserved 5; }
}
service S { option deprecated = true; rpc R (M) returns (stream M.N) { option idempotency_level =
  IDEMPOTENT; } rpc Q (stream M) returns (M); }
`
const other = { name: 'x.proto', text: proto3('message X {}') }

test('the canonical form keeps the order, and has one way of spacing and no comments', () => {
  const { canonical, recordName } = parse(full, [other])
  assert.equal(
    canonical,
    `syntax = "proto3";
package a.b;

import public "x.proto";
import "google/protobuf/timestamp.proto";
import "confluent/meta.proto";

option java_package = "io.acme";
option (file_option).deep = { a : 1 b : "x" };

message M {
  option deprecated = true;
  reserved 10 to 20;
  reserved 30;
  reserved 40 to max;
  reserved "foo";
  reserved "bar";
  string s = 1 [(confluent.field_meta) = { tags : [ "PII" , "B" ] }, json_name = "S"];
  optional int32 o = 2;
  oneof k {
    N n = 5;
    string t = 6;
  }
  repeated int32 r = 3 [packed = false];
  map<string, N> m = 4;
  .google.protobuf.Timestamp at = 7;

  message N {
    E e = 1;
  }

  enum E {
    option allow_alias = true;
    reserved 5;
    Z = 0;
    A = 1 [deprecated = true];
    B = 1;
    C = -1;
  }
}

service S {
  option deprecated = true;
  rpc R (M) returns (stream M.N) {
    option idempotency_level = IDEMPOTENT;
  }
  rpc Q (stream M) returns (M);
}
`,
  )
  assert.equal(recordName, 'a.b.M')
  assert.equal(parse(canonical, [other]).canonical, canonical)
})

test('normalized forms are equal where only names and order differ', () => {
  const one = parse(
    proto3(
      'package p; message A { B b = 2 [deprecated=true, json_name="x"]; string s = 1; ' +
        'message B {} }',
    ),
  )
  const two = parse(
    proto3(
      'package p; message A { string s = 1; .p.A.B b = 2 [json_name="x", ' +
        'deprecated=true]; message B {} }',
    ),
  )
  assert.notEqual(one.canonical, two.canonical)
  assert.equal(one.normalized, two.normalized)
  assert.match(one.normalized, /\.p\.A\.B b = 2 \[deprecated = true, json_name = "x"\]/)
})

test(
  'proto2 has groups, labels, defaults and extensions, and is what a file is that ' +
    'does not say',
  () => {
    const text = `message A {
    required string s = 1 [default = "a\\"b"];
    optional group G = 2 { optional int32 x = 1; }
    extensions 100 to 199;
    oneof o { int32 i = 4; group H = 5 { optional int32 y = 1; } }
  }
  extend A { optional int32 e = 100; }`
    const schema = parse(text)
    assert.match(schema.canonical, /^syntax = "proto2";/)
    assert.match(schema.canonical, /optional group G = 2 \{\n {4}optional int32 x = 1;/)
    assert.equal(parse(schema.canonical).canonical, schema.canonical)
  },
)

test('editions say presence and encoding with features', () => {
  const schema = parse(
    'edition = "2023"; message A { string s = 1 [features.field_presence = ' +
      'LEGACY_REQUIRED]; reserved foo; }',
  )
  assert.match(schema.canonical, /^edition = "2023";/)
  assert.match(schema.canonical, /reserved "foo";/)
})

test('names are found from the innermost scope outwards, and through imports of imports', () => {
  const references = [
    { name: 'base.proto', text: proto3('package n; message Id { string v = 1; }') },
    {
      name: 'user.proto',
      text: proto3('package n.users; import "base.proto"; message User { Id id = 1; }'),
    },
  ]
  const schema = parse(
    proto3(
      'package n.orders; import "user.proto"; message Order { users.User u = 1; n.Id i = 2; }',
    ),
    references,
  )
  assert.match(schema.normalized, /\.n\.users\.User u = 1;/)
  assert.match(
    refusal(proto3('import "x.proto"; message A {}'), [
      { name: 'x.proto', text: proto3('message B { C c = 1; }') },
    ]),
    /the type C of c is not defined/,
  )
  assert.match(
    refusal(proto3('import "x.proto"; message A {}'), [{ name: 'x.proto', text: 'messag' }]),
    /in the reference x.proto/,
  )
})

const refusals: readonly (readonly [string, string, RegExp])[] = [
  ['an unknown word', 'messag A {}', /line 1: expected message, enum/],
  ['a sign that there is not', proto3('message A { string a = 1 ? }'), /unexpected "\?/],
  [
    'a missing semicolon',
    'syntax = "proto3";\nmessage A {\n string a = 1 }',
    /line 3: expected ";", and found }/,
  ],
  ['an end too early', proto3('message A {'), /found the end/],
  ['another syntax', 'syntax = "proto4";', /proto2 or proto3, not proto4/],
  [
    'a number twice',
    proto3('message A { string a = 1;\n string b = 1; }'),
    /line 2: A has the number 1 twice: a and b/,
  ],
  ['a name twice', proto3('message A { string a = 1; string a = 2; }'), /field a twice/],
  ['the number 0', proto3('message A { string a = 0; }'), /numbers are 1 to/],
  [
    'a number of Protobuf itself',
    proto3('message A { string a = 19500; }'),
    /kept for Protobuf itself/,
  ],
  ['a number too large', proto3('message A { string a = 536870912; }'), /numbers are 1 to/],
  ['a reserved number', proto3('message A { reserved 2 to 4; string a = 3; }'), /is reserved/],
  ['a reserved name', proto3('message A { reserved "a"; string a = 3; }'), /is reserved/],
  ['required in proto3', proto3('message A { required string a = 1; }'), /which only proto2 has/],
  [
    'optional in editions',
    'edition = "2023"; message A { optional string a = 1; }',
    /field_presence/,
  ],
  ['no label in proto2', 'syntax = "proto2"; message A { string a = 1; }', /needs a label/],
  [
    'a map with keys that are no keys',
    proto3('message A { map<float, string> a = 1; }'),
    /its keys are/,
  ],
  [
    'a repeated map',
    proto3('message A { repeated map<string, string> a = 1; }'),
    /it has no label/,
  ],
  [
    'a label in a oneof',
    proto3('message A { oneof o { repeated string a = 1; } }'),
    /have no label/,
  ],
  ['a oneof of nothing', proto3('message A { oneof o {} }'), /has no fields/],
  ['an enum of nothing', proto3('enum E {}'), /has no values/],
  ['an enum that does not begin with 0', proto3('enum E { A = 1; }'), /must be 0 in proto3/],
  ['a value twice', proto3('enum E { A = 0; B = 0; }'), /has 0 twice/],
  ['a value of 33 bits', proto3('enum E { A = 0; B = 2147483648; }'), /does not fit 32 bits/],
  ['a type twice', proto3('message A {} enum A { Z = 0; }'), /A is defined twice/],
  [
    'an unknown type',
    proto3('message A { Foo f = 1; }'),
    /the type Foo of f is not defined: define it, or import/,
  ],
  [
    'an import that is not there',
    proto3('import "y.proto"; message A {}'),
    /"y.proto" is not there: register it/,
  ],
  [
    'a method of no message',
    proto3('message A {} service S { rpc R (A) returns (B); }'),
    /names B, which is no message/,
  ],
  [
    'an extension of nothing',
    proto3('extend Foo { string a = 1; }'),
    /Foo is extended and not defined/,
  ],
  ['what is no base64 of a descriptor', 'aGVsbG8gd29ybGQ=', /neither a \.proto file nor/],
  ['too deep messages', proto3('message A {'.repeat(300)), /nest too deep/],
]
for (const [what, text, message] of refusals) {
  test(`${what} is refused with line and reason`, () => assert.match(refusal(text), message))
}

test('well-known files are there without references', () => {
  const paths = ['any', 'duration', 'empty', 'field_mask', 'struct', 'timestamp', 'wrappers'].map(
    (name) => `google/protobuf/${name}.proto`,
  )
  const types = [
    'calendar_period',
    'color',
    'date',
    'datetime',
    'dayofweek',
    'decimal',
    'expr',
    'fraction',
    'interval',
    'latlng',
    'money',
    'month',
    'phone_number',
    'postal_address',
    'quaternion',
    'timeofday',
  ].map((name) => `google/type/${name}.proto`)
  const imports = [...paths, ...types, 'confluent/meta.proto', 'confluent/type/decimal.proto']
  const text = proto3(
    `${imports.map((path) => `import "${path}";`).join(' ')} message A { ` +
      'google.type.Money m = 1; confluent.type.Decimal d = 2; google.protobuf.Value v = 3; }',
  )
  assert.equal(refusal(text), 'accepted')
})
