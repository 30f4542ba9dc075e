/** What records of a topic are held to, as it travels to the thread that checks them. */
import type { SchemaFormats } from '../../registry/schema-parser.ts'
import type { PayloadValidator } from '../../registry/schema/schema-format.ts'
import type { CheckDepth, DomainRule, Encoding, Fact, ViolationAction } from '../contract.ts'
import type { NamesOnly } from './count-named.ts'
import { EventCheck } from './event-check.ts'
import { bareCheck, framedCheck, messageNameOf, type PartCheck } from './part-check.ts'
import type { RecordPart } from './record.ts'
import { type SchemaText, type UsableSchema, usableSchema } from './usable-schema.ts'

export interface Policy {
  /** Says which it is: the same name is the same policy, for ever. */
  readonly name: string
  /** The revision that it comes from: ID@REVISION. */
  readonly contract: string
  readonly onViolation: ViolationAction
  /** The topic that takes what is set aside; said where `onViolation` is quarantine. */
  readonly quarantine?: string
  readonly encoding: Encoding
  readonly depth: CheckDepth
  readonly facts: readonly Fact[]
  readonly rules: readonly DomainRule[]
  readonly takesTombstones: boolean
  readonly needsKey: boolean
  /** The property that the key repeats; undefined: the two are not compared. */
  readonly keyProperty: string | undefined
  /** Whose versions records may name, with encoding registry. */
  readonly subjects: Readonly<Record<RecordPart, string>>
  readonly schema: SchemaText
  /** Undefined: keys are any bytes. */
  readonly keySchema: SchemaText | undefined
}

/** @throws Error the schema or a rule cannot be used: applying the contract should have told. */
export async function compilePolicy(policy: Policy, formats: SchemaFormats): Promise<EventCheck> {
  const { schema, keySchema } = policy
  return new EventCheck({
    ...policy,
    value: await checkOf(policy, 'value', schema, formats),
    key: keySchema === undefined ? undefined : await checkOf(policy, 'key', keySchema, formats),
    namesOnly: namesOnlyOf(policy),
  })
}

/** Undefined: more is looked at than the names of schemas in front of values. */
function namesOnlyOf(policy: Policy): NamesOnly | undefined {
  const { encoding, depth, facts, rules, keyProperty, keySchema, subjects, needsKey } = policy
  if (encoding !== 'registry' || depth !== 'id') return undefined
  if (keyProperty !== undefined || keySchema !== undefined || rules.length > 0) return undefined
  if (facts.some((fact) => fact.in !== 'catalog')) return undefined
  return { subject: subjects.value, needsKey }
}

async function checkOf(
  policy: Policy,
  part: RecordPart,
  text: SchemaText,
  formats: SchemaFormats,
): Promise<PartCheck> {
  const { encoding, depth, subjects } = policy
  const asked = { part, isSeen: isSeen(policy, part) }
  if (encoding !== 'registry') {
    return bareCheck(asked, validatorOf(policy, await schemaOf(policy, text, formats)))
  }
  // Of other languages compatibility sees to it that records go by one name.
  const isProtobuf = text.type === 'PROTOBUF' && depth === 'payload'
  const messageName = isProtobuf ? messageNameOf(await schemaOf(policy, text, formats)) : undefined
  return framedCheck({ ...asked, subject: subjects[part], depth, messageName })
}

/** Facts and rules are looked for in what the key or the value says. */
function isSeen({ facts, rules, keyProperty }: Policy, part: RecordPart): boolean {
  return rules.length > 0 || keyProperty !== undefined || facts.some((fact) => fact.in === part)
}

async function schemaOf(
  { name }: Policy,
  text: SchemaText,
  formats: SchemaFormats,
): Promise<UsableSchema> {
  const schema = await usableSchema(text, formats)
  if (typeof schema === 'string') throw new Error(`${name}: ${schema}`)
  return schema
}

function validatorOf({ name }: Policy, schema: UsableSchema): PayloadValidator {
  const made = schema.validator()
  if (!made.ok) throw new Error(`${name}: ${made.message}`)
  return made.validator
}
