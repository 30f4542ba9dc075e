/** Shapes of the values of `ai.` properties, for the JSON Schema of a contract's file. */
import {
  checkDepths,
  classifications,
  encodings,
  factNames,
  maskingOperations,
  violationActions,
} from '../contract.ts'
import {
  compatibilityPolicies,
  contractBounds,
  enforcementStages,
  factPlaces,
  type knownCustomProperties,
  knownFields,
} from '../file/known-fields.ts'
import { ruleCharsMax } from '../rule.ts'
import { compatibilityLevels } from '../../registry/schema/compatibility.ts'
import {
  amount,
  choice,
  flag,
  type Json,
  listOf,
  objectWith,
  scalar,
  text,
  whereIs,
} from './parts.ts'

const { amountMax, partitionsMax, lossPerMillionMax } = contractBounds

const texts = (description: string): Json => listOf({ type: 'string', pattern: '\\S' }, description)

const fact = objectWith(
  knownFields.fact,
  {
    fact: choice(factNames, 'The fact.'),
    in: choice(factPlaces, 'Where it lives; catalog: the contract itself says it, for all events.'),
    at: text('The path in the value, with dots, or the header’s name.'),
    required: flag('Whether each event must have it; true if it is not said.'),
    oneOf: texts('Nothing but these values.'),
  },
  ['fact', 'in'],
  whereIs('in', ['value', 'header'], { required: ['at'] }),
)

const consent = objectWith(
  knownFields.consent,
  {
    field: text('The property that holds it.'),
    header: text('The header that holds it.'),
    purposes: texts('What was consented to.'),
    required: flag('Whether each event must have it; true if it is not said.'),
  },
  [],
  { anyOf: [{ required: ['field'] }, { required: ['header'] }] },
)

const enforcement = objectWith(
  knownFields.enforcement,
  {
    stage: choice(enforcementStages, 'Who holds records to the contract; server is the broker.'),
    onViolation: choice(violationActions, 'What becomes of a record that breaks it.'),
    quarantineTopic: text('The topic that takes what is set aside.'),
    encoding: choice(
      encodings,
      'How the schema is told: not at all, by its id, or by CloudEvents.',
    ),
    check: choice(checkDepths, 'id: that the schema is the topic’s; nobody looks at the payload.'),
  },
  [],
)

const rule = objectWith(
  knownFields.rule,
  {
    name: text('Tells what must hold.'),
    expr: {
      ...text('In CEL over value, key and headers; must be true.'),
      maxLength: ruleCharsMax,
    },
    message: text('To whoever develops the producer: what to do.'),
  },
  ['name', 'expr'],
)

const maskingRule = objectWith(
  knownFields.maskingRule,
  {
    tag: choice(classifications, 'The class of the properties that it masks.'),
    op: choice(maskingOperations, 'What is done to them.'),
    scope: text('Who may join masked values.'),
    keyBy: text('The property whose value chooses the key.'),
  },
  ['tag', 'op'],
)

const masking = objectWith(
  knownFields.masking,
  {
    plan: text('The plan’s name.'),
    target: text('The topic that gets the masked events.'),
    rules: listOf(maskingRule, 'One for each class that is masked.'),
  },
  ['plan', 'target'],
)

const topic = objectWith(
  knownFields.topic,
  {
    partitions: amount(1, partitionsMax, 'Of each topic; a broker’s default if it is not said.'),
    key: text('The property that becomes the record’s key.'),
    configs: {
      type: 'object',
      description: 'Configs of the topic, by Kafka’s names.',
      additionalProperties: scalar('The value.'),
    },
  },
  [],
)

export const contractProperties: Readonly<
  Record<(typeof knownCustomProperties.contract)[number], Json>
> = {
  'ai.compatibility': objectWith(
    knownFields.compatibility,
    {
      level: choice(compatibilityLevels, 'What the next schema must be compatible with.'),
      policy: choice(
        compatibilityPolicies,
        'LENIENT: optional properties of JSON may come and go.',
      ),
    },
    [],
  ),
  'ai.consent': consent,
  'ai.enforce': enforcement,
  'ai.facts': listOf(fact, 'Where each fact of identity, time, trace and governance lives.'),
  'ai.lineage': objectWith(
    knownFields.lineage,
    {
      derivedFrom: texts('Topics.'),
      transform: text('What makes these events of those.'),
    },
    [],
  ),
  'ai.loss': objectWith(
    knownFields.loss,
    { perMillion: amount(0, lossPerMillionMax, 'How many of a million events may be missing.') },
    [],
  ),
  'ai.masking': masking,
  'ai.policy': objectWith(
    knownFields.policy,
    {
      id: text('The policy that is in force.'),
      version: scalar('Of the policy.'),
    },
    ['id'],
  ),
  'ai.replay': objectWith(
    knownFields.replay,
    {
      windowDays: amount(0, amountMax, 'For how many days back readers may read again.'),
      rollback: text('How to go back.'),
    },
    [],
  ),
  'ai.residency': texts('Regions in which the events may be.'),
  'ai.rules': listOf(rule, 'Domain rules; each must hold for each record.'),
  'ai.topic': topic,
}
