/** The file's JSON Schema says what the parser says. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { decisions } from '../../../test/contract/decisions.ts'
import { framedOrders } from '../../../test/contract/framed-orders.ts'
import { inference, mistakesOfMeaning, mistakesOfShape } from '../../../test/contract/inference.ts'
import { parseContract } from '../file/parse-contract.ts'
import { readYaml } from '../file/yaml-document.ts'
import { contractFileSchema } from './contract-file-schema.ts'
import type { Json } from './parts.ts'

const ajv = new Ajv2020({
  allErrors: true,
  strict: true,
  strictRequired: false,
  strictTypes: false,
})
const validate = ajv.compile(contractFileSchema)

/** Empty where it fits. */
function faults(value: unknown): string[] {
  return validate(value)
    ? []
    : (validate.errors ?? []).map((each) => `${each.instancePath} ${each.message ?? ''}`)
}

const valueOf = (text: string): unknown => readYaml(text).value

const examples = path.resolve(import.meta.dirname, '../../../examples/contract')

test('contracts that can be used fit, and the examples name the schema', () => {
  const files = readdirSync(examples).filter((name) => name.endsWith('.odcs.yaml'))
  assert.ok(files.length > 0)
  const texts = files.map((name) => readFileSync(path.join(examples, name), 'utf8'))
  for (const text of texts) {
    const [, named = ''] = /^# yaml-language-server: \$schema=(.*)$/m.exec(text) ?? []
    const page = readFileSync(path.resolve(examples, named), 'utf8')
    assert.deepEqual(JSON.parse(page), contractFileSchema)
  }
  const bare = decisions({ more: ['{name: n, logicalType: array, items: {logicalType: string}}'] })
  const framed = framedOrders({ hasKeySchema: true, check: 'id' }).text
  for (const text of [...texts, inference, decisions(), bare, framed]) {
    assert.ok(parseContract(text).contract !== undefined)
    assert.deepEqual(faults(valueOf(text)), [])
  }
})

test('what is wrong with the shape does not fit; what is wrong with the meaning does', () => {
  for (const { from, to } of mistakesOfShape) {
    assert.notDeepEqual(faults(valueOf(inference.replace(from, to))), [], to)
  }
  for (const { from, to } of mistakesOfMeaning) {
    assert.deepEqual(faults(valueOf(inference.replace(from, to))), [], to)
  }
})

/** One of each field and each `ai.` property; what they say need not go together. */
const whole = JSON.stringify({
  ...(valueOf(inference) as object),
  customProperties: [
    ...(valueOf(inference) as { customProperties: object[] }).customProperties,
    { property: 'ai.loss', value: { perMillion: 1 } },
    { property: 'ai.policy', value: { id: 'p', version: 1 } },
    { property: 'ai.residency', value: ['eu'] },
    { property: 'of.others', value: 7 },
  ],
})

/** Every value of a document by its path, the document itself first. */
function placesIn(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [at]
  return [at, ...Object.entries(value).flatMap(([name, each]) => placesIn(each, [...at, name]))]
}

function changed(at: readonly string[], change: (value: unknown) => unknown): unknown {
  const root = { root: JSON.parse(whole) as unknown }
  const way = ['root', ...at]
  let owner = root as Record<string, unknown>
  for (const name of way.slice(0, -1)) owner = owner[name] as Record<string, unknown>
  const last = way.at(-1) ?? ''
  owner[last] = change(owner[last])
  return root.root
}

/** The field names that the parser told are known at the path; undefined: it takes any. */
function knownTo(at: readonly string[]): string[] | undefined {
  const given = changed(at, (value) => ({ ...(value as object), zz: 1 }))
  const { issues } = parseContract(JSON.stringify(given))
  const pointer = `/${[...at, 'zz'].join('/')}`
  const told = issues.find(({ rule, path }) => rule === 'unknown-field' && path === pointer)
  return told?.message.split('known here: ')[1]?.split(', ')
}

const resolved = (schema: Json): Json => {
  const ref = schema['$ref']
  if (typeof ref !== 'string') return schema
  return (contractFileSchema['$defs'] as Record<string, Json>)[ref.replace('#/$defs/', '')] as Json
}

/** What the schema has for the value at the path; of `customProperties` the value’s own. */
function schemaAt(at: readonly string[]): Json {
  let schema = contractFileSchema
  let value: unknown = JSON.parse(whole)
  for (const name of at) {
    const { property } = value as { property?: string }
    const conditions = (schema['allOf'] ?? []) as {
      if: { properties: { property?: { enum: string[] } } }
      then: { properties: Record<string, Json> }
    }[]
    const fits = conditions.find((each) => each.if.properties.property?.enum[0] === property)
    const own = name === 'value' ? fits?.then.properties[name] : undefined
    const properties = schema['properties'] as Record<string, Json> | undefined
    schema = resolved(own ?? properties?.[name] ?? (schema['items'] as Json | undefined) ?? {})
    value = (value as Record<string, unknown>)[name]
  }
  return schema
}

test('every field that the parser knows is in the schema, and no other', () => {
  let compared = 0
  for (const at of placesIn(JSON.parse(whole))) {
    const known = knownTo(at)
    if (known === undefined) continue
    assert.deepEqual(Object.keys(schemaAt(at)['properties'] ?? {}), known, at.join('/'))
    compared++
  }
  assert.ok(compared > 40, `only ${compared} places`)
})

/** What only the parser can tell. */
const meaning = new Set([
  ...['unknown-path', 'cel', 'masking', 'retention', 'duplicate', 'classification'],
])
/** Fields of ODCS that Karst does not read: it takes values there that ODCS does not. */
const unread =
  /^(servers|team$|schema\/0\/(logicalType|properties\/\d\/partitioned)|slaProperties\/\d\/driver)/

test('whatever is changed in a contract, the schema and the parser agree', () => {
  const values = [7, -1, 'x', ' ', true, [], {}, ['x'], [{}]]
  const disagreements: string[] = []
  let refused = 0
  for (const at of placesIn(JSON.parse(whole))) {
    for (const value of values) {
      const given = changed(at, () => value)
      const { issues } = parseContract(JSON.stringify(given))
      const errors = issues.filter(({ severity }) => severity === 'error')
      const where = `${at.join('/')} = ${JSON.stringify(value)}`
      const told = faults(given)
      const isUnread = unread.test(at.join('/'))
      if (errors.length === 0 && told.length > 0 && !isUnread) {
        disagreements.push(`${where}: the schema alone: ${told.join()}`)
      }
      const [wrong] = errors.filter(({ rule }) => !meaning.has(rule))
      if (wrong === undefined) continue
      refused++
      if (told.length === 0) disagreements.push(`${where}: the parser alone: ${wrong.message}`)
    }
  }
  assert.deepEqual(disagreements, [])
  assert.ok(refused > 500, `only ${refused} refused`)
})
