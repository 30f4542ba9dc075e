import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRule, ruleFault, type RuleInput, ruleValue } from './rule.ts'

const input: RuleInput = {
  value: { cents: 5, id: 'o-1', items: [{ n: 1 }, { n: 2 }], big: 9_007_199_254_740_993n },
  key: 'k',
  headers: new Map([['ce_tenant', 'acme']]),
}

test('rules over value, key and headers', () => {
  const holds = [
    'value.cents > 0 && headers["ce_tenant"] == "acme"',
    'value.items.all(item, item.n < 3)',
    'value.id.startsWith("o-") && size(value.id) == 3',
    'has(value.note) ? value.note != "" : true',
    'value.big == 9007199254740993',
    'key.matches("^k$")',
    'type(value.id) == string',
  ]
  for (const expr of holds) {
    assert.equal(ruleFault(expr), undefined, expr)
    assert.equal(compileRule(expr)(input), true, expr)
  }
  assert.equal(compileRule('value.cents > 9')(input), 'it is false')
  assert.match(String(compileRule('value.absent > 9')(input)), /absent/)
  assert.equal(compileRule('value.cents')(input), 'it is neither true nor false')
})

test('whatever the names and prototypes of a value are, rules see its fields', () => {
  const value: unknown = JSON.parse(
    '{"constructor":{"name":"x"},"__proto__":{"n":1},"$typeName":"a.B","list":[{"$typeName":"c"}]}',
  )
  const bare = Object.assign(Object.create(null) as object, {
    inner: Object.create(null) as object,
  })
  const seen: RuleInput = { ...input, value: ruleValue(value), key: ruleValue(bare) }
  const expr =
    'value.constructor.name == "x" && value["__proto__"].n == 1 && size(key.inner) == 0 && ' +
    'value.list[0]["$typeName"] == "c" && value["$typeName"] == "a.B"'
  assert.equal(compileRule(expr)(seen), true)
  const bytes = new Uint8Array(2)
  assert.equal(ruleValue(bytes), bytes)
  assert.deepEqual(ruleValue([1n, null, 'a', true]), [1n, null, 'a', true])
})

test('what is no rule is told', () => {
  assert.match(ruleFault('value.') ?? '', /no CEL: at 1:6/)
  assert.match(ruleFault('payload.cents > 0') ?? '', /payload: a rule sees value, key, headers/)
  assert.match(ruleFault('value.items.all(i, j > 0)') ?? '', /^j:/)
  assert.match(ruleFault(`value == "${'x'.repeat(4_000)}"`) ?? '', /more than 4000/)
  // However deep, it is told or taken: nothing is thrown.
  ruleFault(`${'('.repeat(1_900)}true${')'.repeat(1_900)}`)
  ruleFault('!'.repeat(3_900) + 'true')
})
