/** A contract on decisions of tools, for tests that change one thing of it. */

export interface DecisionsOptions {
  readonly version?: string
  readonly onViolation?: string
  readonly labels?: readonly string[]
  /** More properties, as YAML in a line. */
  readonly more?: readonly string[]
  readonly partitions?: number
  readonly topic?: string
  readonly id?: string
  readonly configs?: string
  /** Not of the file: who approves it. */
  readonly approvedBy?: string
}

export function decisions(options: DecisionsOptions = {}): string {
  const { version = '1.0.0', onViolation = 'reject', labels = ['approved', 'denied'] } = options
  const { more = [], partitions = 2, topic = 'decisions', configs } = options
  return `apiVersion: v3.1.0
kind: DataContract
id: ${options.id ?? 'ai.sec.decisions'}
version: ${version}
status: active
tenant: acme
team: {name: agents}
roles: [{role: security, access: read, firstLevelApprovers: ciso}]
schema:
  - name: ai.tool.decision
    physicalName: ${topic}
    properties:
      - {name: tool, logicalType: string, required: true, classification: internal}
      - name: decision
        logicalType: string
        required: true
        classification: internal
        customProperties: [{property: ai.frozenLabels, value: [${labels.join(', ')}]}]
${more.map((line) => `      - ${line}\n`).join('')}customProperties:
  - {property: ai.enforce, value: {onViolation: ${onViolation}}}
  - property: ai.topic
    value: {partitions: ${partitions}${configs === undefined ? '' : `, configs: {${configs}}`}}
  - property: ai.facts
    value: [{fact: tenant, in: header, at: ce_tenant, oneOf: [acme]}]
`
}
