/** What no part of a contract shows by itself: parts that do not fit each other. */
import {
  type Classification,
  classifications,
  type Contract,
  type EventProperty,
  type EventSchema,
} from '../contract.ts'
import { ruleFault } from '../rule.ts'
import type { DocumentNode } from './node.ts'

export function lintContract(contract: Contract, root: DocumentNode): void {
  lintEvents(contract, root)
  lintFacts(contract, root)
  lintRules(contract, root)
  lintMasking(contract, root)
  lintOperations(contract, root)
  lintCheck(contract, root)
  if (contract.owner === undefined) {
    root.field('team').warn('no-owner', 'names no owner: team: {name: …}')
  }
  if (contract.approvers.length === 0 && contract.status === 'active') {
    root
      .field('roles')
      .warn(
        'no-approver',
        'names nobody who may approve what it does not allow (firstLevelApprovers)',
      )
  }
}

function lintEvents({ events }: Contract, root: DocumentNode): void {
  const nodes = root.field('schema').list()
  const topics = new Map<string, string>()
  for (const [at, event] of events.entries()) {
    const node = nodes[at] as DocumentNode
    const other = topics.get(event.topic)
    if (other !== undefined) {
      const text = `carries ${other}, too: one topic carries one kind of event of a contract`
      node.field('physicalName').error('duplicate', text)
    }
    topics.set(event.topic, event.name)
    const highest = highestIn(event.properties)
    if (event.classification !== undefined && rankOf(highest) > rankOf(event.classification)) {
      node.error(
        'classification',
        `is ${event.classification} as a whole, and holds a property that is ${highest}`,
      )
    }
    const open = withoutClass(event.properties)
    if (open.length > 0) {
      const text = `${open.length} have no classification: ${open.slice(0, 5).join(', ')}`
      node.field('properties').warn('no-classification', text)
    }
  }
}

function lintFacts(contract: Contract, root: DocumentNode): void {
  const node = propertyNode(root, 'ai.facts') ?? root
  for (const { fact, in: place, at } of contract.facts) {
    if (place !== 'value') continue
    for (const event of contract.events) {
      if (event.source !== undefined || propertyAt(event, at) !== undefined) continue
      node.error('unknown-path', `${fact} lives in ${at}, and ${event.name} has no such property`)
    }
  }
  const there = new Set(contract.facts.map(({ fact }) => fact))
  const wanted = ['occurred-at', 'trace', 'tenant', 'classification', 'consent'] as const
  const said = (fact: (typeof wanted)[number]): boolean =>
    there.has(fact) ||
    (fact === 'tenant' && contract.tenant !== undefined) ||
    (fact === 'classification' &&
      contract.events.every((each) => each.classification !== undefined))
  const silent = wanted.filter((fact) => !said(fact))
  if (silent.length > 0) {
    node.warn('no-fact', `nothing says where these live: ${silent.join(', ')} (ai.facts)`)
  }
}

function lintRules({ rules }: Contract, root: DocumentNode): void {
  const nodes = propertyNode(root, 'ai.rules')?.list() ?? []
  for (const [at, rule] of rules.entries()) {
    const fault = rule.expr === '' ? undefined : ruleFault(rule.expr)
    if (fault !== undefined) nodes[at]?.field('expr').error('cel', fault)
  }
}

function lintMasking({ masking, events }: Contract, root: DocumentNode): void {
  const node = propertyNode(root, 'ai.masking')
  if (masking === undefined || node === undefined) return
  const masked = new Set(masking.rules.map(({ tag }) => tag))
  for (const event of events) {
    if (event.topic === masking.target) {
      node.field('target').error('masking', `is ${event.name}’s own topic: it would be unmasked`)
    }
    for (const tag of ['personal', 'restricted'] as const) {
      const found = pathsOf(event.properties, tag)
      if (found.length === 0 || masked.has(tag)) continue
      const text = `no rule masks what is ${tag}: ${found.slice(0, 5).join(', ')}`
      node.field('rules').error('masking', text)
    }
  }
}

function lintOperations({ operations, events }: Contract, root: DocumentNode): void {
  const { key, retentionMs, replayMs } = operations
  const topic = propertyNode(root, 'ai.topic')
  for (const event of key === undefined ? [] : events) {
    if (event.source !== undefined || propertyAt(event, key as string) !== undefined) continue
    topic?.field('key').error('unknown-path', `${event.name} has no property ${key}`)
  }
  if (retentionMs !== undefined && replayMs !== undefined && replayMs > retentionMs) {
    const text = 'the replay window is longer than the retention: what is gone cannot be replayed'
    propertyNode(root, 'ai.replay')?.error('retention', text)
  }
}

/** Where nobody looks at payloads, nothing can be asked of what is in them. */
function lintCheck({ enforcement, rules, facts, events }: Contract, root: DocumentNode): void {
  if (enforcement.check !== 'id') return
  const node = propertyNode(root, 'ai.enforce')?.field('check') ?? root
  if (enforcement.encoding !== 'registry') {
    node.error('check', `is id, which needs encoding: registry, not ${enforcement.encoding}`)
  }
  const why = 'check: id looks at no payload. Take check: payload, or leave them away'
  if (rules.length > 0) {
    propertyNode(root, 'ai.rules')?.error('check', `rules cannot be told: ${why}`)
  }
  const hasKeySchema = events.some(({ keySource }) => keySource !== undefined)
  const unseen = facts.filter(
    ({ in: place }) => place === 'value' || (place === 'key' && hasKeySchema),
  )
  if (unseen.length === 0) return
  const names = unseen.map(({ fact, in: place }) => `${fact} in the ${place}`).join(', ')
  // ai.consent may be where the fact comes from.
  const where = propertyNode(root, 'ai.facts') ?? propertyNode(root, 'ai.consent') ?? root
  where.error('check', `${names} cannot be told: ${why}`)
}

function propertyNode(root: DocumentNode, name: string): DocumentNode | undefined {
  const entries = root.field('customProperties').list()
  return entries.find((each) => each.field('property').value === name)?.field('value')
}

/** By a path with dots; through lists to what they hold. */
export function propertyAt(event: EventSchema, path: string): EventProperty | undefined {
  let properties = event.properties
  let found: EventProperty | undefined
  for (const name of path.split('.')) {
    found = properties.find((each) => each.name === name)
    if (found === undefined) return undefined
    properties = found.items?.properties ?? found.properties
  }
  return found
}

export function rankOf(name: string | undefined): number {
  return name === undefined ? -1 : classifications.indexOf(name as Classification)
}

function highestIn(properties: readonly EventProperty[]): string | undefined {
  return properties
    .flatMap((each) => [each.classification, highestIn(partsOf(each))])
    .reduce((high, each) => (rankOf(each) > rankOf(high) ? each : high), undefined)
}

const partsOf = ({ properties, items }: EventProperty): readonly EventProperty[] =>
  items === undefined ? properties : [...properties, items]

/** What says of itself, or of its parts, nothing. */
function withoutClass(properties: readonly EventProperty[]): string[] {
  return properties
    .filter((each) => each.classification === undefined && highestIn(partsOf(each)) === undefined)
    .map(({ name }) => name)
}

function pathsOf(properties: readonly EventProperty[], tag: string, under = ''): string[] {
  return properties.flatMap((each) => [
    ...(each.classification === tag ? [`${under}${each.name}`] : []),
    ...pathsOf(partsOf(each), tag, `${under}${each.name}.`),
  ])
}
