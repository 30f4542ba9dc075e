/** What is told quickly is what CEL's evaluator tells. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { celEnv, parse, plan } from '@bufbuild/cel'
import { strings } from '@bufbuild/cel/ext'
import fc from 'fast-check'
import { quickRule } from './quick-rule.ts'
import type { RuleInput } from './rule.ts'
import { ruleValue } from './rule-value.ts'

const names = ['a', 'b', 'list', 'inner', 'constructor']

const plainValue = fc.oneof(
  fc.constantFrom<unknown>(0, 1, 2, 1.5, -1, NaN, 1n, 2n, 2n ** 53n + 1n, 2 ** 53),
  fc.constantFrom<unknown>('', 'a', 'ab', '\ud800', '😀', true, false, null),
  fc.constant(Buffer.from('a')),
)
const someValue = fc.oneof(
  { weight: 4, arbitrary: plainValue },
  fc.constant(undefined),
  fc.array(plainValue, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom(...names), plainValue, { maxKeys: 3 }),
)
const input: fc.Arbitrary<RuleInput> = fc.record({
  value: fc.oneof(
    { weight: 9, arbitrary: fc.dictionary(fc.constantFrom(...names), someValue) },
    someValue,
  ),
  key: plainValue,
  headers: fc.constantFrom(new Map<string, string>(), new Map([['a', 'ab']])),
})

const { expr } = fc.letrec<Record<'expr' | 'place' | 'truth', string>>((tie) => {
  const place = fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('value', 'key', 'headers["a"]', 'headers.a', 'headers.b'),
    fc.tuple(fc.constantFrom('value', 'value.inner'), fc.constantFrom(...names)).map(fieldOf),
    fc.constantFrom(
      '0',
      '1',
      '2',
      '-1',
      '1.5',
      '2.0',
      '1u',
      '9007199254740993',
      '9007199254740992',
    ),
    fc.constantFrom('"a"', '"ab"', '""', 'true', 'null', 'b"a"', '["a", 1]', '{"a": 1}', 'int'),
    tie('expr'),
  )
  const named = fc.tuple(
    fc.constantFrom('"a"', '"inner"', 'key'),
    fc.constantFrom('value', 'headers'),
  )
  const operator = fc.constantFrom('==', '!=', '<', '<=', '>', '>=', 'in', '+')
  const method = fc.constantFrom('startsWith', 'endsWith', 'contains', 'matches', 'constructor')
  const truth = fc.oneof(
    fc.tuple(tie('place'), operator, tie('place')).map(([a, by, b]) => `(${a} ${by} ${b})`),
    fc.tuple(tie('place'), method, tie('place')).map(([a, by, b]) => `${a}.${by}(${b})`),
    fc
      .tuple(tie('place'), fc.array(tie('place'), { minLength: 1, maxLength: 3 }))
      .map(([a, all]) => `(${a} in [${all.join(', ')}])`),
    fc.constantFrom(...names).map((name) => `has(value.${name})`),
    named.map(([name, of]) => `${name} in ${of}`),
    fc.constant('value.list.all(x, x == 1)'),
  )
  const either = fc.constantFrom('&&', '||')
  return {
    place,
    truth,
    expr: fc.oneof(
      { maxDepth: 4 },
      { weight: 2, arbitrary: tie('truth') },
      fc.tuple(tie('expr'), either, tie('expr')).map(([a, by, b]) => `(${a} ${by} ${b})`),
      tie('expr').map((inner) => `!(${inner})`),
      fc.tuple(tie('expr'), tie('expr'), tie('expr')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    ),
  }
})

function fieldOf([of, name]: readonly [string, string]): string {
  return `${of}.${name}`
}

test('no rule is said to hold that the evaluator does not say holds', () => {
  let [holding, quick] = [0, 0]
  fc.assert(
    fc.property(expr, fc.array(input, { minLength: 1, maxLength: 10 }), (text, inputs) => {
      const parsed = parse(text)
      const evaluate = plan(celEnv({ funcs: strings }), parsed)
      const holds = quickRule(parsed.expr)
      for (const { value, key, headers } of inputs) {
        const told = evaluate({
          value: ruleValue(value),
          key: ruleValue(key),
          headers: headers as Map<string, string>,
        })
        const isQuick = holds?.({ value, key, headers }) ?? false
        if (told === true) holding++
        if (isQuick) quick++
        if (isQuick) assert.equal(told, true)
      }
    }),
    { numRuns: 10_000 },
  )
  assert.ok(quick > 1_000 && quick > holding / 4, `${quick} of ${holding} were told quickly`)
})

// Seen by a reader: the first were said to hold.
test('what the evaluator sees in its own way is left to it', () => {
  const value = { none: null, text: 'a', list: [null] }
  const given: RuleInput = { value, key: null, headers: new Map() }
  for (const text of [
    '"none" in value',
    'has(value.none)',
    'value == null || "none" in value',
    'value.text.contains("a", "b")',
    'value.text < "b"',
    'value.absent == 1 || value.absent != 1',
  ]) {
    assert.equal(quickRule(parse(text).expr)?.(given) ?? false, false, text)
  }
})

test('the rules that contracts have are told quickly', () => {
  const given: RuleInput = {
    value: { cents: 5, big: 7n, tool: 'refund', tags: ['a'], note: null, inner: { n: 1 } },
    key: 'k',
    headers: new Map([['ce_tenant', 'acme']]),
  }
  for (const text of [
    'value.cents < 1000 || value.decision == "denied"',
    'value.cents >= 0 && value.big == 7 && value.inner.n == 1.0',
    'value.tool in ["refund", "search"] && !(value.tool in ["delete"])',
    '"a" in value.tags && "cents" in value && has(value.tool) && !has(value.absent)',
    'headers["ce_tenant"] == "acme" && key == "k"',
    'value.note == null || value.note.startsWith("n")',
    'has(value.absent) ? value.absent > 1 : value.tool.contains("fun")',
    'value.cents > 1 || value.tags.all(tag, tag != "")',
  ]) {
    assert.equal(quickRule(parse(text).expr)?.(given), true, text)
  }
  assert.equal(quickRule(parse('value.tags.all(tag, tag != "")').expr), undefined)
})
