/** What records of a topic are held to, as it travels to the thread that checks them. */
import type { SchemaFormats } from '../../registry/schema-parser.ts'
import type { NamedSchema, SchemaType } from '../../registry/schema/schema-format.ts'
import type { DomainRule, Fact, ViolationAction } from '../contract.ts'
import { EventCheck } from './event-check.ts'

export interface Policy {
  /** Says which it is: the same name is the same policy, for ever. */
  readonly name: string
  /** The revision that it comes from: ID@REVISION. */
  readonly contract: string
  readonly onViolation: ViolationAction
  /** The topic that takes what is set aside; said where `onViolation` is quarantine. */
  readonly quarantine?: string
  readonly encoding: 'plain' | 'cloudevents'
  readonly facts: readonly Fact[]
  readonly rules: readonly DomainRule[]
  readonly takesTombstones: boolean
  readonly needsKey: boolean
  readonly schema: {
    readonly type: SchemaType
    readonly text: string
    readonly references: readonly NamedSchema[]
  }
}

/** @throws Error the schema or a rule cannot be used: applying the contract should have told. */
export async function compilePolicy(policy: Policy, formats: SchemaFormats): Promise<EventCheck> {
  const { type, text, references } = policy.schema
  const load = formats[type]
  if (load === undefined) throw new Error(`${policy.name}: there is no ${type}`)
  const format = await load()
  const parsed = format.parse({ text, references }, { validateNew: false })
  if (!parsed.ok) throw new Error(`${policy.name}: ${parsed.message}`)
  const made = format.validator(parsed.schema)
  if (!made.ok) throw new Error(`${policy.name}: ${made.message}`)
  const { validator } = made
  return new EventCheck({ ...policy, validator })
}
