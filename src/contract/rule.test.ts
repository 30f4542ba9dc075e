import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRule, ruleFault, type RuleInput } from './rule.ts'

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

// Decoders make objects without a prototype, and the evaluator asked for their constructor's name.
test('a rule sees into what decoders make, whatever its fields are called', () => {
  const bare = (fields: object): object => Object.assign(Object.create(null) as object, fields)
  const value = bare({
    inner: bare({ n: 3n, constructor: 'c' }),
    list: [bare({ n: 1 }), { constructor: null, n: 2 }],
    map: bare({ a: 1, b: 2 }),
    none: null,
    bytes: Buffer.from('x'),
  })
  const holds = [
    'value.inner.n == 3 && value.inner.constructor == "c"',
    'value.list.all(each, each.n < 3) && value.list[1].n == 2',
    'size(value.map) == 2 && "a" in value.map && !("c" in value.map)',
    'value.map.all(name, value.map[name] > 0)',
    '!has(value.toString) && !has(value.inner.hasOwnProperty)',
    'value.none == null && value.bytes == b"x"',
    'value.inner == {"n": 3, "constructor": "c"}',
  ]
  for (const expr of holds) {
    assert.equal(compileRule(expr)({ ...input, value }), true, expr)
  }
  assert.equal(compileRule('value == null')({ ...input, value: null }), true)
  assert.equal(compileRule('value.n == 1')({ ...input, value: { n: 1, constructor: {} } }), true)
})

test('loops in loops end, and are told', () => {
  const numbers = Array.from({ length: 1_000 }, (_, n) => n)
  const nested = ['a', 'b', 'c', 'd'].reduceRight(
    (inner, name) => `value.n.all(${name}, ${inner})`,
    'a + b + c + d >= 0.0',
  )
  assert.equal(ruleFault(nested), undefined)
  const value = { n: numbers }
  const begunMs = performance.now()
  const verdict = compileRule(nested)({ ...input, value })
  assert.match(String(verdict), /more than 100000 turns/)
  assert.ok(performance.now() - begunMs < 10_000)
  assert.equal(compileRule('value.n.all(a, a < 1000)')({ ...input, value }), true)
  assert.equal(
    compileRule('value.n.filter(a, a > 997).map(a, a) == [998.0, 999.0]')({ ...input, value }),
    true,
  )
})

test('patterns that explode elsewhere do not', () => {
  const rule = compileRule('!value.matches("^(a+)+$")')
  assert.equal(rule({ ...input, value: `${'a'.repeat(10_000)}!` }), true)
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
