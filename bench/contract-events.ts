/** Events of 1 KiB as an agent would send, and contracts that hold topics to them. */
import { avroLong, avroText } from './avro-bytes.ts'

export interface EnforcedCase {
  readonly name: string
  /** Of the contract's topic. */
  readonly topic: string
  readonly contract: string
  readonly files: Readonly<Record<string, string>>
  /** What a producer sends, behind the id that `isFramed` puts in front. */
  readonly payload: Uint8Array
  readonly isFramed: boolean
  readonly ratioMin: number
}

const eventBytes = 1_000

const avroSchema = JSON.stringify({
  type: 'record',
  name: 'Decision',
  fields: [
    { name: 'occurred_at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'trace_id', type: 'string' },
    { name: 'tenant', type: 'string' },
    { name: 'actor', type: 'string' },
    { name: 'tool', type: 'string' },
    { name: 'cents', type: 'long' },
    { name: 'decision', type: { type: 'enum', name: 'Label', symbols: ['approved', 'denied'] } },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    { name: 'consent', type: ['null', 'string'] },
    { name: 'input', type: 'string' },
    { name: 'output', type: 'string' },
  ],
})

const event = {
  occurred_at: '2026-11-29T10:00:00Z',
  trace_id: '0af7651916cd43dd8448eb211c80319c',
  tenant: 'acme',
  actor: 'agent-7',
  tool: 'refund',
  cents: 129,
  decision: 'approved',
  tags: ['support', 'refund', 'first-line'],
  consent: 'consent-2031',
}

/** Two texts that fill the event up to its size. */
function filled(bytes: number): { readonly input: string; readonly output: string } {
  const half = Math.floor(bytes / 2)
  return {
    input: 'please '.repeat(half).slice(0, half),
    output: 'done '.repeat(half).slice(0, half),
  }
}

function jsonEvent(): Uint8Array {
  const bare = JSON.stringify({ ...event, input: '', output: '' }).length
  return Buffer.from(JSON.stringify({ ...event, ...filled(eventBytes - bare) }))
}

function avroEvent(): Uint8Array {
  const { trace_id, tenant, actor, tool, cents, tags, consent } = event
  const fixed = [
    avroLong(Date.parse(event.occurred_at)),
    ...[trace_id, tenant, actor, tool].map(avroText),
    avroLong(cents),
    avroLong(0), // the first symbol
    avroLong(tags.length),
    ...tags.map(avroText),
    avroLong(0), // no more tags
    avroLong(1), // the second branch
    avroText(consent),
  ]
  const size = fixed.reduce((sum, { length }) => sum + length, 0)
  const { input, output } = filled(eventBytes - size - 4)
  return Buffer.concat([...fixed, avroText(input), avroText(output)])
}

const texts = ['trace_id', 'tenant', 'actor', 'tool', 'consent', 'input', 'output']

const jsonProperties = [
  '{name: occurred_at, logicalType: timestamp, required: true, classification: internal}',
  ...texts.map((name) => `{name: ${name}, logicalType: string, required: true}`),
  '{name: cents, logicalType: integer, required: true, logicalTypeOptions: {minimum: 0}}',
  '{name: tags, logicalType: array, items: {name: tag, logicalType: string}}',
  '{name: decision, logicalType: string, logicalTypeOptions: {pattern: "^[a-z]+$"}}',
]

const facts = `  - property: ai.facts
    value:
      - {fact: tenant, in: value, at: tenant, oneOf: [acme, umbra]}
      - {fact: trace, in: value, at: trace_id}
`
const rules = `  - property: ai.rules
    value:
      - name: dear
        expr: 'value.cents < 1000 || value.decision == "denied"'
        message: above 10.00 a person decides
`

function contractOf(topic: string, schema: string, enforce: string, more = ''): string {
  return `apiVersion: v3.1.0
kind: DataContract
id: bench.${topic}
version: 1.0.0
status: active
schema:
  - name: decision
    physicalName: ${topic}
${schema}
customProperties:
  - {property: ai.enforce, value: {onViolation: reject, ${enforce}}}
  - {property: ai.topic, value: {partitions: 12}}
${more}`
}

const avroFile =
  '    customProperties: [{property: ai.schema, value: {type: AVRO, file: decision.avsc}}]'
const jsonSchema = `    properties:\n${jsonProperties.map((each) => `      - ${each}`).join('\n')}`
const files = { 'decision.avsc': avroSchema }
const avro = { files, payload: avroEvent(), isFramed: true }
const json = { files: {}, payload: jsonEvent(), isFramed: false }

export const enforcedCases: readonly EnforcedCase[] = [
  {
    name: 'schema id only',
    topic: 'by-id',
    contract: contractOf('by-id', avroFile, 'encoding: registry, check: id'),
    ...avro,
    ratioMin: 0.95,
  },
  {
    name: 'Avro',
    topic: 'avro',
    contract: contractOf('avro', avroFile, 'encoding: registry'),
    ...avro,
    ratioMin: 0.6,
  },
  {
    name: 'JSON Schema',
    topic: 'json',
    contract: contractOf('json', jsonSchema, 'encoding: plain'),
    ...json,
    ratioMin: 0.5,
  },
  {
    name: 'JSON Schema, facts and CEL',
    topic: 'rules',
    contract: contractOf('rules', jsonSchema, 'encoding: plain', `${facts}${rules}`),
    ...json,
    ratioMin: 0.4,
  },
]
