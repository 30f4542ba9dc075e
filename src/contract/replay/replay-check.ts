/** Reads old records as a reader does that has only the newest contract, and tells what it cannot. */
import type { SchemaFormats } from '../../registry/schema-parser.ts'
import type { PayloadValidator, SchemaType } from '../../registry/schema/schema-format.ts'
import { EventCheck } from '../check/event-check.ts'
import { BatchSchemas } from '../check/held-schemas.ts'
import { bareCheck, type PartCheck } from '../check/part-check.ts'
import { type CheckedRecord, headerTexts, utf8, type Violation } from '../check/record.ts'
import type { Contract, Fact } from '../contract.ts'
import { type FactSight, factsLeft, stripHeaders } from './header-strip.ts'
import { ValueReader, type Writer } from './value-reader.ts'
import type { FindSchema } from './writer-schemas.ts'

export interface ReplaySchema {
  readonly type: SchemaType
  readonly text: string
}

export interface ReplayParts {
  readonly contract: Contract
  /** Of the event whose topic is read. */
  readonly schema: ReplaySchema
  /** Of keys that are bare payloads; undefined: keys are any bytes. */
  readonly keySchema: ReplaySchema | undefined
  readonly formats: SchemaFormats
  readonly findSchema: FindSchema
  /** Drop all headers, and see which facts are left. */
  readonly stripHeaders: boolean
}

export type ReplayVerdict =
  | { readonly outcome: 'tombstone' }
  | {
      readonly outcome: 'read' | 'failed'
      readonly writer: Writer | undefined
      readonly violation: Violation | undefined
      /** One for each of `facts`; none where headers are kept, or the value could not be read. */
      readonly sights: readonly FactSight[]
    }

export class ReplayCheck {
  /** Facts about each record; those that the contract says once for all are not looked for. */
  readonly facts: readonly Fact[]
  readonly #contract: Contract
  readonly #values: ValueReader
  readonly #key: PartCheck | undefined
  readonly #hasKeySchema: boolean
  readonly #strips: boolean
  readonly #checks = new WeakMap<PayloadValidator, EventCheck>()

  private constructor(parts: ReplayParts, values: ValueReader, key: PartCheck | undefined) {
    this.#contract = parts.contract
    this.facts = parts.contract.facts.filter(({ in: place }) => place !== 'catalog')
    this.#values = values
    this.#key = key
    this.#hasKeySchema = parts.keySchema !== undefined
    this.#strips = parts.stripHeaders
  }

  /** @throws Failure 'invalid': the contract's schema cannot be used. */
  static async open(parts: ReplayParts): Promise<ReplayCheck> {
    const { schema, keySchema, formats, findSchema } = parts
    const values = await ValueReader.open(schema, formats, findSchema)
    if (keySchema === undefined || parts.contract.enforcement.encoding === 'registry') {
      return new ReplayCheck(parts, values, undefined)
    }
    const { validator } = await ValueReader.open(keySchema, formats, findSchema)
    return new ReplayCheck(parts, values, bareCheck({ part: 'key', isSeen: true }, validator))
  }

  /** @throws Failure as FindSchema. */
  async check(record: CheckedRecord): Promise<ReplayVerdict> {
    const { value } = record
    if (value === null) return { outcome: 'tombstone' }
    const { encoding } = this.#contract.enforcement
    if (encoding !== 'registry') {
      if (this.#strips) return this.#stripPlain(encoding, record, value)
      return verdictOf(this.#checkOf(this.#values.validator, encoding).check(record, noSchemas))
    }
    const framed = await this.#values.framed(record, value)
    const { writer } = framed
    if ('violation' in framed) return verdictOf(framed.violation, writer)
    const { payload, validator, schemaHeader } = framed
    if (!this.#strips) {
      const check = this.#checkOf(validator, 'plain')
      return verdictOf(check.check({ ...record, value: payload }, noSchemas), writer)
    }
    if (schemaHeader !== undefined) {
      const message =
        'the schema’s id is in this header: without headers nobody can tell what the value is. ' +
        'Put it in front of the value'
      return verdictOf({ rule: 'encoding', at: schemaHeader, message }, writer)
    }
    const before = headerTexts(record.headers)
    return this.#factsOf(record, { payload, before, after: new Map() }, validator, writer)
  }

  #stripPlain(
    encoding: 'plain' | 'cloudevents',
    record: CheckedRecord,
    value: Uint8Array,
  ): ReplayVerdict {
    const stripped = stripHeaders(encoding, record, value)
    if ('violation' in stripped) return verdictOf(stripped.violation)
    return this.#factsOf(record, stripped, this.#values.validator)
  }

  #factsOf(
    record: CheckedRecord,
    { payload, before, after }: Exclude<ReturnType<typeof stripHeaders>, { violation: unknown }>,
    validator: PayloadValidator,
    writer?: Writer,
  ): ReplayVerdict {
    const read = validator.toValue(payload)
    if (!read.ok) {
      return verdictOf({ rule: 'schema', at: read.at, message: read.message }, writer)
    }
    const key = record.key === null ? null : (utf8(record.key) ?? record.key)
    const seen = { value: read.value, key, headers: before }
    const { sights, violation } = factsLeft(this.facts, seen, { headers: after })
    return verdictOf(violation, writer, sights)
  }

  /** Once for each reader: rules are compiled in it. */
  #checkOf(validator: PayloadValidator, encoding: 'plain' | 'cloudevents'): EventCheck {
    const { facts, rules, operations, enforcement } = this.#contract
    const known = this.#checks.get(validator)
    if (known !== undefined) return known
    const isBare = enforcement.encoding !== 'registry' && !this.#hasKeySchema
    const check = new EventCheck({
      ...{
        facts,
        rules,
        encoding,
        value: bareCheck({ part: 'value', isSeen: true }, validator),
        key: this.#key,
      },
      keyProperty: isBare ? operations.key : undefined,
      needsKey: operations.key !== undefined || this.#hasKeySchema,
      takesTombstones: true,
    })
    this.#checks.set(validator, check)
    return check
  }
}

/** Which schema wrote a record is known before it is checked. */
const noSchemas = new BatchSchemas(() => undefined)

function verdictOf(
  violation: Violation | undefined,
  writer?: Writer,
  sights: readonly FactSight[] = [],
): ReplayVerdict {
  const outcome = violation === undefined ? 'read' : 'failed'
  return { outcome, writer, violation, sights }
}
