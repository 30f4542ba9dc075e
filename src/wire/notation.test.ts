/**
 * The notation means what its header says: in values by parsing, in types by what the compiler
 * accepts.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AssertionFailed } from '../base/assert.ts'
import { holds, parseField } from './notation.ts'
import type { InputOf, Spec, ValueOf } from './notation.ts'

const fields = {
  name: 'string',
  note: 'string?7+ = null',
  sizes: 'int32[]?',
  id: 'uuid 13+ ignorable',
  parts: { _: 'struct[]? 2-7', records: 'records?', done: 'boolean = false' },
  leader: { _: 'struct 10+ tag 0', node: 'int32 = -1' },
} as const

type Same<A, B> = [A, B] extends [B, A] ? true : false

interface Expected {
  readonly name: string
  readonly note: string | null
  readonly sizes: readonly number[] | null
  readonly id: string
  readonly parts: readonly { readonly records: Uint8Array | null; readonly done: boolean }[] | null
  readonly leader: { readonly node: number }
}

test('types follow from the specs', () => {
  type Value = ValueOf<typeof fields>
  const same: Same<Value, Expected> = true
  const value: Value = {
    name: '',
    note: null,
    sizes: [1],
    id: '',
    parts: null,
    leader: { node: 1 },
  }
  const expected: Expected = value
  const input: InputOf<typeof fields> = value
  const least: InputOf<typeof fields> = { name: '', sizes: null }
  const chunks: InputOf<typeof fields> = { ...least, parts: [{ records: [new Uint8Array(1)] }] }
  // @ts-expect-error: a field without a default must be given
  const incomplete: InputOf<typeof fields> = { name: '' }
  // @ts-expect-error: there is no such type
  const misspelt: Spec = 'strin?'
  assert.ok(
    [same, expected, input, chunks, incomplete, misspelt].every((each) => each !== undefined),
  )
})

test('a spec is read in all its parts', () => {
  const note = parseField('note', 'string?7+ 3-9 tag 2 = null ignorable')
  assert.deepEqual(note, {
    name: 'note',
    type: 'string',
    array: false,
    nullable: { min: 7, max: Infinity },
    versions: { min: 3, max: 9 },
    tag: 2,
    default: null,
    required: false,
    ignorable: true,
    struct: undefined,
  })
  assert.deepEqual(parseField('one', 'int8 4').versions, { min: 4, max: 4 })
  assert.equal(parseField('most', 'int64 = 9223372036854775807').default, Number.MAX_SAFE_INTEGER)
  assert.ok(parseField('sizes', 'int32[]?').array)
})

test('ranges hold both of their ends', () => {
  const range = parseField('x', 'int8 2-4').versions
  assert.deepEqual(
    [1, 2, 4, 5].map((version) => holds(range, version)),
    [false, true, true, false],
  )
  assert.ok(!holds(undefined, 0))
})

test('what is not the notation is a wrong program', () => {
  const wrong = ['int8  3+', 'int8 ignorable 3+', 'int8 = x', 'int8 tag', 'struct', 'int8 9-3']
  for (const spec of wrong) {
    assert.throws(
      () => parseField('x', spec as Spec),
      (error) => error instanceof AssertionFailed || error instanceof SyntaxError,
    )
  }
})
