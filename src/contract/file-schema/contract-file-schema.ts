/**
 * The JSON Schema of a contract's file, for editors: made of the tables that the parser reads. What
 * it cannot say, such as paths that must be there and CEL, `karst contract lint` tells.
 */
import { classifications, contractStatuses, logicalTypes } from '../contract.ts'
import {
  contractBounds,
  contractShapes,
  durationUnitsMs,
  knownCustomProperties,
  knownFields,
  logicalTypeOptions,
  schemaFileTypes,
} from '../file/known-fields.ts'
import { contractProperties } from './governance-parts.ts'
import {
  amount,
  choice,
  customPropertiesOf,
  duration,
  flag,
  type Json,
  listOf,
  objectWith,
  open,
  text,
  whereIs,
  within,
} from './parts.ts'

const list = (description: string): Json => open('array', description)

const property = objectWith(
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

const propertyCustom = customPropertiesOf(knownCustomProperties.property, {
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

const event = objectWith(
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
      'ai.schema': objectWith(
        knownFields.schemaFile,
        {
          type: choice(schemaFileTypes, 'The language of the schema.'),
          file: text('The schema, from the folder of this file on.'),
        },
        ['file'],
      ),
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

const role = objectWith(
  knownFields.role,
  {
    id: open('string', 'Of the entry.'),
    role: text('Who it is.'),
    description: open('string', 'For people.'),
    access: text('What it may do; read if it is not said.'),
    firstLevelApprovers: text('Who may approve what the contract does not allow; with commas.'),
    secondLevelApprovers: text('Who may, too; with commas.'),
    customProperties: customPropertiesOf(knownCustomProperties.role, { 'ai.delay': duration }),
  },
  ['role'],
)

const sla = objectWith(
  knownFields.sla,
  {
    id: open('string', 'Of the entry.'),
    property: text('What is promised; Karst reads latency and retention.'),
    value: { description: 'How much.' },
    valueExt: { description: 'For other tools.' },
    unit: { description: 'Of the value.' },
    element: open('string', 'What it is about.'),
    driver: open('string', 'Why: regulatory, analytics, operational.'),
    description: open('string', 'For people.'),
    scheduler: open('string', 'For other tools.'),
    schedule: open('string', 'For other tools.'),
  },
  ['property'],
  whereIs('property', ['latency', 'retention'], {
    properties: {
      value: amount(0, contractBounds.amountMax, 'How many of the unit.'),
      unit: choice(Object.keys(durationUnitsMs), 'M is a month, m a minute.'),
    },
    dependentRequired: { value: ['unit'] },
  }),
)

/** Without `$schema`: a file may be judged as part of another document, too. */
const contract = objectWith(
  knownFields.contract,
  {
    apiVersion: {
      type: 'string',
      pattern: contractShapes.apiVersion.source,
      description: 'The version of ODCS, v3.1.0.',
    },
    kind: { const: 'DataContract' },
    id: {
      type: 'string',
      pattern: contractShapes.id.source,
      description: 'A name that stays, such as ai.norm.acme.inference.',
    },
    version: {
      type: 'string',
      pattern: contractShapes.version.source,
      description: 'MAJOR.MINOR.PATCH',
    },
    status: choice(contractStatuses, 'Where it is in its life.'),
    name: open('string', 'For people.'),
    tenant: text('Whose events they are.'),
    tags: list('For other tools.'),
    domain: open('string', 'For people.'),
    dataProduct: open('string', 'For people.'),
    description: { type: ['object', 'string'], description: 'For people.' },
    servers: list('For other tools: Karst is where the command is sent.'),
    schema: { ...listOf(within('event'), 'Kinds of events, one topic each.'), minItems: 1 },
    support: list('Where to ask.'),
    price: open('object', 'For other tools.'),
    team: {
      type: ['object', 'array'],
      properties: { name: text('The owner.') },
      description: 'Who owns it: {name: …}.',
    },
    roles: listOf(within('role'), 'Who reads and writes, and who approves.'),
    slaDefaultElement: open('string', 'For other tools.'),
    slaProperties: listOf(within('sla'), 'What is promised.'),
    authoritativeDefinitions: list('Where it is defined.'),
    customProperties: customPropertiesOf(knownCustomProperties.contract, contractProperties),
    contractCreatedTs: open('string', 'When it was written first.'),
  },
  ['apiVersion', 'kind', 'id', 'version', 'status', 'schema'],
)

export const contractFileSchema: Json = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Event contract of Karst, a document of the Open Data Contract Standard 3.1',
  ...contract,
  $defs: {
    event,
    // What lies in a list may go without a name.
    items: { ...property, description: 'What an array holds.' },
    property: { ...property, required: ['name', 'logicalType'] },
    propertyCustom,
    role,
    sla,
  },
}
