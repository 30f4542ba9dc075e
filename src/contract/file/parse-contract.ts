/** Reads the file of a contract: all that is wrong with it at once, each with its line. */
import { isFailure } from '../../base/errors.ts'
import { type Contract, contractStatuses } from '../contract.ts'
import { customProperties } from './custom-properties.ts'
import type { ContractIssue } from './issue.ts'
import { contractShapes, knownCustomProperties, knownFields } from './known-fields.ts'
import { lintContract } from './lint.ts'
import { DocumentNode, Issues } from './node.ts'
import { parseEvent } from './parse-event.ts'
import {
  parseCompatibility,
  parseConsent,
  parseEnforcement,
  parseFacts,
  parseLineage,
  parseMasking,
  parsePolicy,
  parseRules,
} from './parse-governance.ts'
import { parseOperations, parseRoles } from './parse-operations.ts'
import { readYaml, type YamlDocument } from './yaml-document.ts'

export interface ParsedContract {
  /** Undefined where there is an error among the issues. */
  readonly contract: Contract | undefined
  readonly issues: readonly ContractIssue[]
}

export function parseContract(text: string): ParsedContract {
  let document: YamlDocument
  try {
    document = readYaml(text)
  } catch (error) {
    if (!isFailure(error, 'invalid')) throw error
    const issue = { rule: 'syntax', path: '', line: 1, message: error.message } as const
    return { contract: undefined, issues: [{ severity: 'error', ...issue }] }
  }
  const issues = new Issues(document)
  const root = new DocumentNode(document.value, '', issues)
  const contract = read(root)
  lintContract(contract, root)
  const isGood = issues.all.every(({ severity }) => severity === 'warning')
  const byLine = issues.all.toSorted((a, b) => a.line - b.line)
  return { contract: isGood ? contract : undefined, issues: byLine }
}

function read(root: DocumentNode): Contract {
  root.only(knownFields.contract)
  checkHead(root)
  const custom = customProperties(root, knownCustomProperties.contract)
  const { readers, approvers } = parseRoles(root)
  const team = root.field('team')
  return {
    id: root.field('id').needText('a name that stays, such as ai.norm.acme.inference'),
    version: root.field('version').scalarText() ?? '',
    status: root.field('status').oneOf(contractStatuses) ?? 'draft',
    tenant: root.field('tenant').text(),
    owner: Array.isArray(team.value) ? undefined : team.field('name').text(),
    approvers,
    readers,
    events: root.field('schema').list().map(parseEvent),
    facts: parseFacts(custom),
    enforcement: parseEnforcement(custom.get('ai.enforce')),
    compatibility: parseCompatibility(custom.get('ai.compatibility')),
    rules: parseRules(custom.get('ai.rules')),
    consent: parseConsent(custom.get('ai.consent')),
    residency: custom.get('ai.residency')?.texts() ?? [],
    policy: parsePolicy(custom.get('ai.policy')),
    masking: parseMasking(custom.get('ai.masking')),
    lineage: parseLineage(custom.get('ai.lineage')),
    operations: parseOperations(root, custom),
  }
}

function checkHead(root: DocumentNode): void {
  const kind = root.field('kind')
  if (kind.needText('it is DataContract') !== 'DataContract' && kind.isGiven) {
    kind.error('wrong-value', 'must be DataContract')
  }
  const api = root.field('apiVersion')
  const apiVersion = api.needText('the version of ODCS, v3.1.0')
  if (api.isGiven && !contractShapes.apiVersion.test(apiVersion)) {
    api.error('wrong-value', `must be v3.1.0, not ${apiVersion}`)
  }
  const version = root.field('version')
  const number = version.scalarText()
  if (number === undefined) version.error('missing', 'is missing: MAJOR.MINOR.PATCH')
  else if (!contractShapes.version.test(number)) {
    version.error('wrong-value', `must be MAJOR.MINOR.PATCH, such as 1.0.0, not ${number}`)
  }
  const status = root.field('status')
  if (!status.isGiven) status.error('missing', `is missing: ${contractStatuses.join(', ')}`)
  const id = root.field('id').text()
  if (id !== undefined && !contractShapes.id.test(id)) {
    root.field('id').error('wrong-value', 'must be letters, digits, dots, dashes and underscores')
  }
  if (root.field('schema').list().length === 0) {
    root.field('schema').error('missing', 'is missing: at least one kind of event')
  }
}
