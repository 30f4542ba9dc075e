/** The layers of identity and governance: facts, enforcement, rules, consent, masking, lineage. */
import {
  checkDepths,
  classifications,
  type Consent,
  type Contract,
  type DomainRule,
  encodings,
  type Enforcement,
  type Fact,
  factNames,
  type Masking,
  maskingOperations,
  type MaskingRule,
  violationActions,
} from '../contract.ts'
import { compatibilityLevels } from '../../registry/schema/compatibility.ts'
import {
  compatibilityPolicies,
  enforcementStages,
  factPlaces,
  knownFields,
} from './known-fields.ts'
import type { DocumentNode } from './node.ts'

type Custom = ReadonlyMap<string, DocumentNode>

export function parseFacts(custom: Custom): Fact[] {
  const facts = (custom.get('ai.facts')?.list() ?? []).flatMap((node) => parseFact(node) ?? [])
  const seen = new Set<string>()
  for (const [at, { fact }] of facts.entries()) {
    const node = custom.get('ai.facts')?.list()[at]
    if (seen.has(fact)) node?.error('duplicate', `${fact} is there twice`)
    seen.add(fact)
  }
  const consent = parseConsentFact(custom.get('ai.consent'))
  return consent === undefined || seen.has('consent') ? facts : [...facts, consent]
}

function parseFact(node: DocumentNode): Fact | undefined {
  node.only(knownFields.fact)
  const fact = node.field('fact').oneOf(factNames)
  if (fact === undefined && !node.field('fact').isGiven) {
    node.error('missing', `fact is missing: one of ${factNames.join(', ')}`)
  }
  const place = node.field('in').oneOf(factPlaces)
  if (!node.field('in').isGiven) {
    node.error('missing', `in is missing: where the fact lives, one of ${factPlaces.join(', ')}`)
  }
  const needsPlace = place === 'value' || place === 'header'
  const at = needsPlace
    ? node.field('at').needText(place === 'header' ? 'the header’s name' : 'the path in the value')
    : (node.field('at').text() ?? '')
  if (fact === undefined || place === undefined) return undefined
  const required = node.field('required').flag() ?? true
  return { fact, in: place, at, required, oneOf: node.field('oneOf').texts() }
}

/** Short for the fact of that name: `{field: consent_id, required: true, purposes: […]}`. */
function parseConsentFact(node: DocumentNode | undefined): Fact | undefined {
  if (node === undefined) return undefined
  const [field, header] = [node.field('field').text(), node.field('header').text()]
  if (field === undefined && header === undefined) {
    node.error('missing', 'names neither field nor header: where an event’s consent is')
    return undefined
  }
  const required = node.field('required').flag() ?? true
  const place = field === undefined ? 'header' : 'value'
  return { fact: 'consent', in: place, at: field ?? header ?? '', required, oneOf: [] }
}

export function parseConsent(node: DocumentNode | undefined): Consent | undefined {
  if (node === undefined) return undefined
  node.only(knownFields.consent)
  const purposes = node.field('purposes').texts()
  return { purposes, required: node.field('required').flag() ?? true }
}

export function parseEnforcement(node: DocumentNode | undefined): Enforcement {
  node?.only(knownFields.enforcement)
  return {
    stage: node?.field('stage').oneOf(enforcementStages) ?? 'server',
    onViolation: node?.field('onViolation').oneOf(violationActions) ?? 'off',
    quarantineTopic: node?.field('quarantineTopic').text(),
    encoding: node?.field('encoding').oneOf(encodings) ?? 'plain',
    check: node?.field('check').oneOf(checkDepths) ?? 'payload',
  }
}

export function parseCompatibility(node: DocumentNode | undefined): Contract['compatibility'] {
  node?.only(knownFields.compatibility)
  const policy = node?.field('policy').oneOf(compatibilityPolicies)
  return {
    level: node?.field('level').oneOf(compatibilityLevels) ?? 'BACKWARD_TRANSITIVE',
    lenient: policy === 'LENIENT',
  }
}

export function parseRules(node: DocumentNode | undefined): DomainRule[] {
  const seen = new Set<string>()
  return (node?.list() ?? []).map((each) => {
    each.only(knownFields.rule)
    const name = each.field('name').needText('a name that tells what must hold')
    if (seen.has(name)) each.error('duplicate', `${name} is there twice`)
    seen.add(name)
    return {
      name,
      expr: each.field('expr').needText('a CEL expression over value, key and headers'),
      message: each.field('message').text() ?? `the rule ${name} does not hold`,
    }
  })
}

export function parsePolicy(node: DocumentNode | undefined): Contract['policy'] {
  if (node === undefined) return undefined
  node.only(knownFields.policy)
  const id = node.field('id').needText('the policy that is in force')
  return { id, version: node.field('version').scalarText() ?? '' }
}

export function parseLineage(node: DocumentNode | undefined): Contract['lineage'] {
  if (node === undefined) return undefined
  node.only(knownFields.lineage)
  return {
    derivedFrom: node.field('derivedFrom').texts(),
    transform: node.field('transform').text() ?? '',
  }
}

export function parseMasking(node: DocumentNode | undefined): Masking | undefined {
  if (node === undefined) return undefined
  node.only(knownFields.masking)
  return {
    plan: node.field('plan').needText('the plan’s name'),
    target: node.field('target').needText('the topic that gets the masked events'),
    rules: node
      .field('rules')
      .list()
      .flatMap((each) => parseMaskingRule(each) ?? []),
  }
}

function parseMaskingRule(node: DocumentNode): MaskingRule | undefined {
  node.only(knownFields.maskingRule)
  const tag = node.field('tag').oneOf(classifications)
  const op = node.field('op').oneOf(maskingOperations)
  if (tag === undefined || op === undefined) {
    if (!node.field('tag').isGiven) node.error('missing', 'tag is missing: a classification')
    if (!node.field('op').isGiven) node.error('missing', 'op is missing: what is done to the field')
    return undefined
  }
  return { tag, op, scope: node.field('scope').text(), keyBy: node.field('keyBy').text() }
}
