import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { avroFormat } from '../../src/registry/schema/avro/avro-format.ts'
import { jsonFormat } from '../../src/registry/schema/json/json-format.ts'
import { protobufFormat } from '../../src/registry/schema/protobuf/protobuf-format.ts'
import type { ParsedSchema, SchemaFormat } from '../../src/registry/schema/schema-format.ts'
import { readCases } from './cases.ts'
import type { CompatibilityCase } from './cases.ts'

const formats = { AVRO: avroFormat, JSON: jsonFormat, PROTOBUF: protobufFormat }

/** Files of Protobuf are of proto3 unless they say. */
const textOf = ({ type }: CompatibilityCase, text: string): string =>
  type !== 'PROTOBUF' || /^(syntax|edition)\b/.test(text) ? text : `syntax = "proto3"; ${text}`

function parse(format: SchemaFormat, text: string): ParsedSchema {
  const outcome = format.parse({ text, references: [] })
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message)
  return outcome.schema
}

const cases = readCases()

for (const [file, each] of Map.groupBy(cases, ({ file }) => file)) {
  describe(file, () => {
    for (const one of each) {
      test(one.name, () => {
        const format = formats[one.type]
        const [before, after] = [
          parse(format, textOf(one, one.old)),
          parse(format, textOf(one, one.new)),
        ]
        const found = (
          reader: ParsedSchema,
          writer: ParsedSchema,
          policy: 'strict' | 'lenient',
        ) => {
          const conflicts = format.incompatibilities(reader, writer, { policy })
          for (const { message, path } of conflicts)
            assert.ok(message.length > 20 && path.length > 0)
          return [...new Set(conflicts.map(({ rule }) => rule))].sort()
        }
        const actual = {
          backward: found(after, before, 'strict'),
          forward: found(before, after, 'strict'),
          ...(one.lenient === undefined ? {} : { lenient: found(after, before, 'lenient') }),
        }
        const { backward, forward, lenient } = one
        const expected = { backward, forward, ...(lenient === undefined ? {} : { lenient }) }
        assert.deepEqual(actual, expected, one.because)
      })
    }
  })
}

test('there are hundreds of cases, no two of one name in a file, each with its reason', () => {
  assert.ok(cases.length >= 400, `${cases.length} cases`)
  const names = cases.map(({ file, name }) => `${file}: ${name}`)
  assert.deepEqual(names, [...new Set(names)])
  assert.deepEqual(
    cases.filter(({ because }) => because.length < 10),
    [],
  )
})
