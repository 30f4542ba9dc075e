/** Items of the checklist that the contract and the registry tell. */
import type { Contract, FactName } from '../contract.ts'
import { fieldPaths } from '../discovery/event-fields.ts'
import { rankOf } from '../file/lint.ts'
import { type Case, type CheckItem, durationSaid, Judging } from './check-item.ts'

const noContract = 'apply a contract for the topic: karst contract apply'

export function declaredItem(given: Case): CheckItem {
  const it = new Judging('declared', 'owner, schema and compatibility mode are declared', given)
  const { contract, subject } = given.facts
  if (contract === undefined) it.lacks(noContract)
  else {
    const { owner, id, version, compatibility } = contract.contract
    it.saw('contract', `${id} ${version}, revision ${contract.revision}`)
    it.wants('owner', owner, 'name the owner: team: {name: …}')
    const level = contract.declared.has('ai.compatibility') ? compatibility.level : undefined
    it.wants('compatibility', level, 'declare ai.compatibility: what holds now is the default')
    if (subject !== undefined && subject.level !== compatibility.level) {
      it.lacks(`${subject.name} is ${subject.level}, and the contract says ${compatibility.level}`)
    }
  }
  const figure = subject && `version ${subject.latest}, ${subject.level}`
  it.wants(`subject ${subject?.name ?? ''}`.trim(), figure, 'register the schema of the value')
  return it.outcome
}

/** Facts of the layers, beside the payload; a contract may say more. */
const layers: Readonly<Record<string, readonly FactName[]>> = {
  envelope: ['event-id', 'event-type', 'source', 'occurred-at'],
  trace: ['trace'],
  governance: ['tenant', 'classification'],
}

export function layersItem(given: Case): CheckItem {
  const title = 'payload, envelope, trace and governance are placed'
  const it = new Judging('layers', title, given)
  const { contract } = given.facts
  if (contract === undefined) {
    it.lacks(noContract)
    return it.outcome
  }
  const fields = fieldPaths(contract.fields).length
  it.wants('payload', fields === 0 ? undefined : `${fields} fields`, 'declare the payload’s fields')
  for (const [layer, facts] of Object.entries(layers)) {
    const placed = facts.map((fact) => [fact, placeOf(contract.contract, given, fact)] as const)
    const there = placed.filter(([, place]) => place !== undefined)
    const told = there.map(([fact, place]) => `${fact}: ${place}`).join(', ')
    if (told !== '') it.saw(layer, told)
    const gone = placed.filter(([, place]) => place === undefined).map(([fact]) => fact)
    if (gone.length > 0) it.lacks(`say in ai.facts where these live: ${gone.join(', ')}`)
  }
  return it.outcome
}

/** Undefined: nothing says. */
function placeOf(contract: Contract, { facts }: Case, fact: FactName): string | undefined {
  const said = contract.facts.find((each) => each.fact === fact)
  if (said !== undefined) return `${said.in} ${said.at}`.trim()
  const event = contract.events.find(({ topic }) => topic === facts.topic)
  const isCloudEvent = contract.enforcement.encoding === 'cloudevents'
  if (isCloudEvent && ['event-id', 'event-type', 'source'].includes(fact)) return 'CloudEvents'
  // One topic carries one kind of event of a contract.
  if (fact === 'event-type') return 'catalog'
  if (fact === 'tenant' && contract.tenant !== undefined) return 'catalog'
  if (fact === 'classification' && event?.classification !== undefined) return 'catalog'
  return undefined
}

const dayMs = 86_400_000

export function governanceItem(given: Case): CheckItem {
  const title = 'classification, consent and retention are said and in effect'
  const it = new Judging('governance', title, given)
  const { contract, cluster, topic } = given.facts
  if (contract === undefined) {
    it.lacks(noContract)
    return it.outcome
  }
  const { events, consent, operations } = contract.contract
  const leaves = fieldPaths(contract.fields).filter(({ field }) => field.fields.length === 0)
  const bare = leaves.filter(({ field }) => field.classification === undefined)
  const whole = events.find((each) => each.topic === topic)?.classification
  const ranks = fieldPaths(contract.fields).map(({ field }) => rankOf(field.classification))
  if (whole !== undefined) it.saw('class of the whole', whole)
  it.saw('classes of fields', `${leaves.length - bare.length} of ${leaves.length}`)
  if (bare.length > 0) {
    const some = bare.slice(0, 5).map(({ path }) => path)
    it.lacks(`give each field a class: ${some.join(', ')}`)
  }
  const isPersonal = Math.max(-1, rankOf(whole), ...ranks) >= rankOf('personal')
  if (consent !== undefined) it.saw('consent', consent.purposes.join(', '))
  else if (isPersonal) it.lacks('declare ai.consent: there are personal fields')
  const wanted = operations.retentionMs
  it.wants('retention', durationSaid(wanted), 'declare the retention: slaProperties')
  if (cluster === undefined) it.cannotKnow('ask the brokers for the retention: --bootstrap')
  else if (wanted !== undefined) {
    const actual = cluster.configs.get('retention.ms')
    it.saw('retention.ms', durationSaid(actual === undefined ? actual : Number(actual)) ?? 'none')
    if (actual !== String(wanted)) it.lacks('set retention.ms to what the contract says')
  }
  return it.outcome
}

export function rollbackItem(given: Case): CheckItem {
  const it = new Judging('rollback', 'there is a way back', given)
  const { contract } = given.facts
  const todo = 'declare how to go back: ai.replay: {rollback: …}'
  if (contract === undefined) it.lacks(noContract)
  else it.wants('rollback', contract.contract.operations.rollback, todo)
  return it.outcome
}

export function enforcedItem(given: Case): CheckItem {
  const it = new Judging('enforced', 'brokers hold records to the contract', given)
  const { contract, counted } = given.facts
  if (contract === undefined) {
    it.lacks(noContract)
    return it.outcome
  }
  const { stage, onViolation, encoding, check } = contract.contract.enforcement
  it.saw('ai.enforce', `${onViolation}, ${stage}, ${encoding} payloads, check: ${check}`)
  if (stage !== 'server' || !['reject', 'quarantine'].includes(onViolation)) {
    it.lacks('let brokers refuse, or set aside, what breaks it: ai.enforce')
  }
  const { drift } = contract
  if (drift.length === 0) it.saw('drift', 'none')
  for (const each of drift) it.lacks(`undo the drift: ${each}`)
  if (counted !== undefined) {
    it.saw('broken, of all topics', `${counted.violations} of ${counted.records} records`)
  }
  return it.outcome
}

export function approvalItem(given: Case): CheckItem {
  const it = new Judging('approval', 'somebody who may has approved this revision', given)
  const { contract } = given.facts
  if (contract === undefined) {
    it.lacks(noContract)
    return it.outcome
  }
  const { approvers } = contract.contract
  const { approvedBy, appliedMs } = contract
  it.wants('approvers', approvers.join(', ') || undefined, 'name approvers: firstLevelApprovers')
  if (approvedBy !== null && approvers.includes(approvedBy)) {
    it.saw('applied with approval', approvedBy)
    return it.outcome
  }
  const found = it.needsEvidence('approval', 'let one of the approvers approve it')
  if (found === undefined) return it.outcome
  if (!approvers.includes(found.by)) it.lacks(`${found.by} is none of the approvers`)
  // The day of the approval may be that of the revision.
  if (found.onMs + dayMs <= appliedMs) it.lacks('approve it again: this revision came later')
  return it.outcome
}
