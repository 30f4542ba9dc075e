/**
 * The JSON Schema of a contract's file, for editors: made of the tables that the parser reads. What
 * it cannot say, such as paths that must be there and CEL, `karst contract lint` tells.
 */
import { contractStatuses } from '../contract.ts'
import {
  contractBounds,
  contractShapes,
  durationUnitsMs,
  knownCustomProperties,
  knownFields,
} from '../file/known-fields.ts'
import { contractProperties } from './governance-parts.ts'
import { event, list, property, propertyCustom } from './payload-parts.ts'
import {
  amount,
  choice,
  customPropertiesOf,
  duration,
  type Json,
  listOf,
  objectWith,
  open,
  text,
  whereIs,
  within,
} from './parts.ts'

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
