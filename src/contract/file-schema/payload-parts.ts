/** Shapes of events and their properties, for the JSON Schema of a contract's file. */
import { classifications, logicalTypes } from '../contract.ts'
import {
  knownCustomProperties,
  knownFields,
  logicalTypeOptions,
  schemaFileTypes,
} from '../file/known-fields.ts'
import {
  choice,
  customPropertiesOf,
  flag,
  type Json,
  listOf,
  objectWith,
  open,
  text,
  whereIs,
  within,
} from './parts.ts'

export const list = (description: string): Json => open('array', description)

export const property: Json = objectWith(
  knownFields.property,
  {
    id: open('string', 'Of the property.'),
    name: {
      type: 'string',
      pattern: '^(?=.*\\S)[^.]*$',
      description: 'The name in the payload; without dots.',
    },
    physicalName: open('string', 'Another name, for other tools.'),
    physicalType: open('string', 'Another type, for other tools.'),
    logicalType: choice(logicalTypes, 'The type.'),
    logicalTypeOptions: open('object', 'What narrows the type.'),
    description: text('For people.'),
    businessName: open('string', 'For people.'),
    authoritativeDefinitions: list('Where it is defined.'),
    tags: list('For other tools.'),
    customProperties: within('propertyCustom'),
    primaryKey: open('boolean', 'For other tools.'),
    primaryKeyPosition: open('integer', 'For other tools.'),
    required: flag('Whether each event has it; false if it is not said, and then it may be null.'),
    unique: open('boolean', 'For other tools.'),
    partitioned: open('boolean', 'For other tools.'),
    partitionKeyPosition: open('integer', 'For other tools.'),
    classification: choice(classifications, 'The class, the least sensitive first.'),
    encryptedName: open('string', 'For other tools.'),
    criticalDataElement: open('boolean', 'For other tools.'),
    transformSourceObjects: list('For other tools.'),
    transformLogic: open('string', 'For other tools.'),
    transformDescription: open('string', 'For other tools.'),
    examples: list('For people.'),
    quality: list('For other tools.'),
    relationships: list('For other tools.'),
    properties: listOf(within('property'), 'Of an object.'),
    items: within('items'),
  },
  ['logicalType'],
  {
    dependentSchemas: { items: { properties: { logicalType: { const: 'array' } } } },
    allOf: logicalTypes.map((type) => {
      const known = logicalTypeOptions[type]
      const options = known.length === 0 ? { maxProperties: 0 } : { propertyNames: { enum: known } }
      return whereIs('logicalType', [type], { properties: { logicalTypeOptions: options } })
    }),
  },
)

export const propertyCustom: Json = customPropertiesOf(knownCustomProperties.property, {
  'ai.frozenLabels': listOf(
    text('A label.'),
    'All values; evaluators count by them, and an approver must agree to each change.',
  ),
  'ai.values': listOf(text('A value.'), 'All values.'),
})

const namesSchemaFile: Json = {
  properties: {
    customProperties: {
      contains: { properties: { property: { const: 'ai.schema' } }, required: ['property'] },
    },
  },
  required: ['customProperties'],
}

const schemaFile = (file: string): Json =>
  objectWith(
    knownFields.schemaFile,
    { type: choice(schemaFileTypes, 'The language of the schema.'), file: text(file) },
    ['file'],
  )

export const event: Json = objectWith(
  knownFields.event,
  {
    id: open('string', 'Of the entry.'),
    name: text('The type of the event, as ce_type.'),
    physicalName: text('The topic that carries it.'),
    physicalType: { const: 'topic' },
    logicalType: open('string', 'It is object.'),
    description: open('string', 'For people.'),
    businessName: open('string', 'For people.'),
    dataGranularityDescription: open('string', 'For people.'),
    authoritativeDefinitions: list('Where it is defined.'),
    tags: list('For other tools.'),
    customProperties: customPropertiesOf(knownCustomProperties.event, {
      'ai.schema': schemaFile('The schema, from the folder of this file on.'),
      'ai.keySchema': schemaFile('The schema of keys, from the folder of this file on.'),
      'ai.classification': choice(classifications, 'Of the whole; no property’s is higher.'),
    }),
    properties: listOf(within('property'), 'The payload; closed.'),
    quality: list('For other tools.'),
    relationships: list('For other tools.'),
  },
  ['name', 'physicalName'],
  {
    anyOf: [
      { properties: { properties: { minItems: 1 } }, required: ['properties'] },
      namesSchemaFile,
    ],
  },
)
