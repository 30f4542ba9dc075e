import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../../base/errors.ts'
import { readYaml } from './yaml-document.ts'

test('values and the lines on which they stand', () => {
  const text = [
    '# a comment',
    'id: a',
    'team: {name: b, "x/y": 1}',
    'schema:',
    '  - name: first',
    '    properties:',
    '      - {name: p, required: true}',
    '  - name: second',
    'note: |',
    '  two',
    '  lines',
    'no: no',
    'on: 2025-12-01',
  ].join('\n')
  const { value, lineOf } = readYaml(text)
  assert.deepEqual(value, {
    id: 'a',
    team: { name: 'b', 'x/y': 1 },
    schema: [{ name: 'first', properties: [{ name: 'p', required: true }] }, { name: 'second' }],
    note: 'two\nlines\n',
    no: 'no',
    on: '2025-12-01',
  })
  const lines = {
    '/id': 2,
    '/team/name': 3,
    '/team/x~1y': 3,
    '/schema': 4,
    '/schema/0/name': 5,
    '/schema/0/properties/0/required': 7,
    '/schema/0/properties/0/absent/deeper': 7,
    '/schema/1/name': 8,
    '/note': 9,
    '/on': 13,
    '/absent': 1,
    '': 1,
  }
  for (const [pointer, line] of Object.entries(lines)) {
    assert.equal(lineOf(pointer), line, pointer)
  }
})

test('what is no document is refused with the place', () => {
  const invalid = (text: string, message: RegExp): void => {
    assert.throws(
      () => readYaml(text),
      (error) => isFailure(error, 'invalid') && message.test(error.message),
    )
  }
  invalid('a: [1, 2', /not YAML/)
  invalid('a: 1\na: 2', /not YAML.*duplicat/s)
  invalid('--- 1\n--- 2\n', /2 documents/)
  invalid(`a: ${'['.repeat(200)}${']'.repeat(200)}`, /not YAML/)
  invalid(`a: ${'x'.repeat(1_048_577)}`, /more than 1048576 bytes/)
  const aliases = Array.from({ length: 101 }, () => '*a').join(', ')
  invalid(`a: &a 1\nb: [${aliases}]`, /not YAML/)
})
