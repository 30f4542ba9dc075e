/**
 * Validates payloads against a JSON Schema with ajv, within limits: patterns in linear time, unique
 * items by hash, and a budget of steps, because schemas of schemas can ask the same question
 * exponentially often.
 */
import { _ } from 'ajv'
import type { KeywordCxt, ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { assert } from '../../../base/assert.ts'
import { tooDeepAt } from '../exact-json.ts'
import type { Json } from '../exact-json.ts'
import { payloadDepthMax, PayloadFault } from '../payload-limits.ts'
import { payloadValidator } from '../payload-validator.ts'
import type { PayloadValidator, ValidatorOutcome } from '../schema-format.ts'
import { utf8Text } from '../utf8-text.ts'
import { bundleSchema, stepKeyword } from './bundle-schema.ts'
import { valueKey } from './json-nodes.ts'
import { linearPattern } from './linear-pattern.ts'
import type { LinearPattern } from './linear-pattern.ts'
import type { JsonDocument } from './parse-json-schema.ts'

/**
 * Schemas tried on values, for any payload; and per byte beyond. A step is some hundred
 * nanoseconds.
 */
export const stepsMin = 100_000
export const stepsPerByte = 20

/** Digits after the point that multiples are compared to: 19.99 is a multiple of 0.01. */
const multiplePrecision = 9

class Steps {
  #left = 0

  allow(payloadBytes: number): void {
    this.#left = stepsMin + stepsPerByte * payloadBytes
  }

  /** Called by compiled schemas. */
  take(): void {
    if (--this.#left < 0)
      throw new PayloadFault('', 'the schema asks more of this payload than can be checked')
  }
}

/** Not ok where the schema is too deep to be compiled: chains of a thousand references are. */
export function jsonValidator(document: JsonDocument): ValidatorOutcome {
  const { schema, unchecked, hasUnevaluated } = bundleSchema(document)
  const steps = new Steps()
  try {
    const validate = compile(schema, steps, hasUnevaluated)
    return { ok: true, validator: validatorOf(validate, steps, unchecked) }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { ok: false, message: 'the schema nests too deep to check values with: split it' }
  }
}

function validatorOf(
  validate: ValidateFunction,
  steps: Steps,
  unchecked: readonly string[],
): PayloadValidator {
  return payloadValidator((payload) => {
    const value = readPayload(payload)
    steps.allow(payload.length)
    if (validate(value)) return value
    const [first] = validate.errors ?? []
    assert(first !== undefined, 'a value that does not fit has a reason')
    throw new PayloadFault(first.instancePath, reasonOf(first.message, first.params))
  }, unchecked)
}

function compile(schema: object, steps: Steps, hasUnevaluated: boolean): ValidateFunction {
  const ajv = new Ajv2020({
    strict: false,
    validateFormats: false,
    logger: false,
    ownProperties: namesInherited(schema),
    inlineRefs: false,
    meta: false,
    validateSchema: false, // it was, against the meta-schema of its own draft
    multipleOfPrecision: multiplePrecision,
    code: { regExp: Object.assign(patternOf, { code: 'linearPattern' }) },
  })
  // Where nobody asks what was evaluated, the first alternative that holds ends the search.
  ajv.opts.unevaluated = hasUnevaluated
  ajv.addKeyword({
    keyword: stepKeyword,
    before: '$ref', // which stands before all others: a step is counted before it is taken
    code: ({ gen }: KeywordCxt) => {
      gen.code(_`${gen.scopeValue('obj', { ref: steps })}.take()`)
    },
  })
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    validate: (unique: boolean, items: readonly Json[]) =>
      !unique || new Set(items.map(valueKey)).size === items.length,
    error: { message: 'must not have an item twice' },
  })
  return ajv.compile(schema)
}

const inherited = Object.getOwnPropertyNames(Object.prototype).map((name) => JSON.stringify(name))

/**
 * A property called `constructor` is there only if it is there. To ask of each whether it is an
 * object's own takes a tenth of the time, and for other names nothing differs.
 */
function namesInherited(schema: object): boolean {
  const text = JSON.stringify(schema)
  return inherited.some((name) => text.includes(name))
}

/**
 * Ajv asks for an expression, and knows it again by its text. Patterns that have no equal were
 * taken out of the schema before.
 */
const patternOf = (pattern: string): LinearPattern & { toString: () => string } => {
  const linear = linearPattern(pattern)
  assert(linear !== undefined, 'patterns that are compiled are linear')
  return { ...linear, toString: () => pattern }
}

/** Of a byte order mark: some write one, and a parser may pass over it (RFC 8259, 8.1). */
const markBytes = 3
const hasMark = (bytes: Buffer): boolean =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf

function readPayload(payload: Uint8Array): unknown {
  const view = Buffer.from(payload.buffer, payload.byteOffset, payload.length)
  const text = utf8Text(view, hasMark(view) ? markBytes : 0, view.length)
  if (text === undefined) throw new PayloadFault('', 'the payload is not UTF-8')
  if (tooDeepAt(text, payloadDepthMax) !== undefined)
    throw new PayloadFault('', `values nest more than ${payloadDepthMax} deep`)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new PayloadFault('', `the payload is not JSON: ${(error as Error).message}`)
  }
}

/** Ajv says "must NOT have additional properties", and whoever looks for it wants its name. */
function reasonOf(message = 'does not fit', params: Readonly<Record<string, unknown>>): string {
  const extra = params['additionalProperty'] ?? params['unevaluatedProperty']
  if (typeof extra === 'string') return `${message}: ${JSON.stringify(extra)}`
  const allowed = params['allowedValues'] ?? params['allowedValue']
  return allowed === undefined ? message : `${message}: ${JSON.stringify(allowed).slice(0, 200)}`
}
