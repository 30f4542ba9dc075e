/** Pieces of JSON Schema that the schema of a contract's file is made of. */
import { contractBounds, durationUnitsMs, knownFields } from '../file/known-fields.ts'

export type Json = Readonly<Record<string, unknown>>

/** As the parser takes it: not blank. */
export const text = (description: string): Json => ({
  type: 'string',
  pattern: '\\S',
  description,
})

/** Where YAML writers leave quotes away. */
export const scalar = (description: string): Json => ({
  type: ['string', 'number', 'boolean'],
  pattern: '\\S',
  description,
})

export const choice = (values: readonly string[], description: string): Json => ({
  type: 'string',
  enum: [...values],
  description,
})

export const amount = (min: number, max: number, description: string): Json => ({
  type: 'number',
  minimum: min,
  maximum: max,
  description,
})

export const flag = (description: string): Json => ({ type: 'boolean', description })

export const listOf = (items: Json, description: string): Json => ({
  type: 'array',
  items,
  description,
})

/** What other tools read: Karst takes it as it is. */
export const open = (type: string, description: string): Json => ({ type, description })

export const within = (name: string): Json => ({ $ref: `#/$defs/${name}` })

/**
 * An object with the fields of one row of `knownFields`, each of which must have its shape here,
 * and no others.
 */
export function objectWith<const Name extends string>(
  names: readonly Name[],
  shapes: Readonly<Record<NoInfer<Name>, Json>>,
  required: readonly NoInfer<Name>[],
  more: Json = {},
): Json {
  return {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, shapes[name]])),
    ...(required.length === 0 ? {} : { required: [...required] }),
    additionalProperties: false,
    ...more,
  }
}

/** Where `field` has this value, the rest holds, too. */
export const whereIs = (field: string, values: readonly string[], rest: Json): Json => ({
  if: { properties: { [field]: { enum: [...values] } }, required: [field] },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  then: rest,
})

export const duration: Json = objectWith(
  knownFields.duration,
  {
    value: amount(0, contractBounds.amountMax, 'How many of the unit.'),
    unit: choice(Object.keys(durationUnitsMs), 'M is a month, m a minute.'),
  },
  [],
  { dependentRequired: { value: ['unit'] } },
)

/**
 * `customProperties` of one place: names that begin with `ai.` are of this table; those of others
 * have any value.
 */
export function customPropertiesOf<const Name extends string>(
  names: readonly Name[],
  values: Readonly<Record<NoInfer<Name>, Json>>,
): Json {
  const known = objectWith(
    knownFields.customProperty,
    {
      id: open('string', 'Of the entry.'),
      property: {
        description: 'The name of the property; of those that begin with ai. only these.',
        anyOf: [{ enum: [...names] }, { type: 'string', pattern: '^(?!ai\\.).*\\S' }],
      },
      value: { description: 'What the property says.' },
      description: open('string', 'For people.'),
    },
    ['property'],
    {
      allOf: names.map((name) =>
        whereIs('property', [name], { properties: { value: values[name] } }),
      ),
    },
  )
  return listOf(known, 'What ODCS has no field for.')
}
