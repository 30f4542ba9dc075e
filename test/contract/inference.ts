/** A contract that uses all four layers, for tests that change one thing of it. */

export const inference = `apiVersion: v3.1.0
kind: DataContract
id: ai.norm.acme.inference
version: 2.1.0
status: active
tenant: acme
team: {name: ai-platform}
servers: [{server: prod, type: kafka, host: "broker:9092", format: json}]
schema:
  - name: ai.inference.completed
    physicalName: ai.norm.acme
    physicalType: topic
    logicalType: object
    properties:
      - {name: occurred_at, logicalType: timestamp, required: true, classification: internal}
      - {name: trace_id, logicalType: string, required: true, classification: internal}
      - {name: consent_id, logicalType: string, classification: internal}
      - {name: actor_id, logicalType: string, required: true, classification: personal}
      - name: input_parts
        logicalType: array
        classification: restricted
        items:
          logicalType: object
          properties: [{name: text, logicalType: string, classification: restricted}]
      - name: label
        logicalType: string
        classification: internal
        customProperties: [{property: ai.frozenLabels, value: [refund, deny, escalate]}]
slaProperties:
  - {property: latency, value: 5, unit: s, driver: operational}
  - {property: retention, value: 180, unit: d, driver: regulatory}
roles:
  - role: eval-jobs
    access: read
    firstLevelApprovers: eval-lead
    customProperties: [{property: ai.delay, value: {value: 2, unit: min}}]
customProperties:
  - {property: ai.enforce, value: {stage: server, onViolation: reject}}
  - {property: ai.compatibility, value: {level: BACKWARD_TRANSITIVE, policy: STRICT}}
  - property: ai.consent
    value: {field: consent_id, purposes: [support, evaluation], required: true}
  - property: ai.facts
    value:
      - {fact: occurred-at, in: value, at: occurred_at}
      - {fact: trace, in: value, at: trace_id}
      - {fact: tenant, in: header, at: ce_tenant, oneOf: [acme]}
      - {fact: classification, in: catalog}
  - property: ai.masking
    value:
      target: ai.masked.acme
      plan: mp-7
      rules:
        - {tag: personal, op: hmac, scope: analytics}
        - {tag: restricted, op: encrypt, keyBy: actor_id}
  - property: ai.rules
    value: [{name: known label, expr: 'value.label != ""', message: give a label}]
  - property: ai.topic
    value: {partitions: 6, key: trace_id, configs: {max.message.bytes: 2000000}}
  - {property: ai.replay, value: {windowDays: 30, rollback: pin version 2.0.x}}
  - {property: ai.lineage, value: {derivedFrom: [ai.raw.acme], transform: otel-genai-dev-1.42}}
`

export interface Mistake {
  /** What stands in the good file, and what takes its place. */
  readonly from: string
  readonly to: string
  /** What is told of it. */
  readonly told: RegExp
}

/** What the file's JSON Schema can tell, too. */
const shapes: readonly (readonly [from: string, to: string, told: RegExp])[] = [
  ['kind: DataContract', 'kind: Data', /^c\.yaml:2: error: \/kind: must be DataContract/],
  ['version: 2.1.0', 'version: 2.1', /:4: error: \/version: must be MAJOR\.MINOR\.PATCH/],
  ['status: active', 'status: live', /:5: error: \/status: must be one of .*not "live"/],
  ['tenant: acme', 'tenannt: acme', /:6: error: \/tenannt: there is no field tenannt/],
  ['unit: s,', 'unit: fortnight,', /:3\d: error: .*\/unit: must be one of ms, s/],
  ['op: hmac', 'op: blur', /must be one of tokenise, hmac.*not "blur"/],
  ['property: ai.lineage', 'property: ai.linage', /there is no ai\.linage here/],
  ['onViolation: reject', 'onViolation: explode', /must be one of off, warn, quarantine, reject/],
  ['logicalType: timestamp', 'logicalType: instant', /must be one of string, date, timestamp/],
  ['schema:', 'schemas:', /\/schema: is missing: at least one kind of event/],
]

/** What only the parser can. */
const meanings: typeof shapes = [
  ['at: trace_id}', 'at: trace.id}', /error: .*trace lives in trace\.id, and .* no such property/],
  ['- {tag: personal, op: hmac, scope: analytics}', '', /no rule masks what is personal: actor_id/],
  ['windowDays: 30', 'windowDays: 300', /replay window is longer than the retention/],
  ['\'value.label != ""\'', 'value.label !=', /no CEL/],
  ['key: trace_id', 'key: nobody', /no property nobody/],
  ['target: ai.masked.acme', 'target: ai.norm.acme', /own topic: it would be unmasked/],
]

const mistakesOf = (rows: typeof shapes): Mistake[] =>
  rows.map(([from, to, told]) => ({ from, to, told }))

export const mistakesOfShape: readonly Mistake[] = mistakesOf(shapes)
export const mistakesOfMeaning: readonly Mistake[] = mistakesOf(meanings)
