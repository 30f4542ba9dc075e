/** The operational layer: topic, key, retention, replay, freshness, loss, readers. */
import type { Operations, Reader } from '../contract.ts'
import { customProperties } from './custom-properties.ts'
import type { DocumentNode } from './node.ts'

const second = 1_000
const day = 86_400 * second
/** As ODCS writes units; years and months as calendars round them. */
const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: second,
  sec: second,
  m: 60 * second,
  min: 60 * second,
  h: 3_600 * second,
  hour: 3_600 * second,
  d: day,
  day: day,
  days: day,
  w: 7 * day,
  M: 30 * day,
  month: 30 * day,
  months: 30 * day,
  y: 365 * day,
  year: 365 * day,
  years: 365 * day,
}

const amountMax = 1e12

/** `value` and `unit` of a node, in milliseconds. */
export function durationMs(node: DocumentNode): number | undefined {
  const value = node.field('value').number(0, amountMax)
  const unit = node.field('unit').scalarText()
  if (value === undefined) return undefined
  const factor = unit === undefined ? undefined : unitsMs[unit]
  if (factor === undefined) {
    const known = Object.keys(unitsMs).join(', ')
    node.field('unit').error('wrong-value', `must be one of ${known}, not ${unit ?? 'nothing'}`)
    return undefined
  }
  return Math.round(value * factor)
}

const slaFields = [
  'id',
  'property',
  'value',
  'valueExt',
  'unit',
  'element',
  'driver',
  'description',
  'scheduler',
  'schedule',
]

/** The durations among `slaProperties`, by property. */
function slaDurations(root: DocumentNode): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const node of root.field('slaProperties').list()) {
    node.only(slaFields)
    const property = node.field('property').needText('what is promised: latency, retention …')
    if (property !== 'latency' && property !== 'retention') continue
    const ms = durationMs(node)
    if (ms !== undefined) found.set(property, ms)
  }
  return found
}

export function parseOperations(
  root: DocumentNode,
  custom: ReadonlyMap<string, DocumentNode>,
): Operations {
  const sla = slaDurations(root)
  const topic = custom.get('ai.topic')
  topic?.only(['partitions', 'key', 'configs'])
  const replay = custom.get('ai.replay')
  replay?.only(['windowDays', 'rollback'])
  const loss = custom.get('ai.loss')
  loss?.only(['perMillion'])
  const configs = topic?.field('configs').entries() ?? []
  const windowDays = replay?.field('windowDays').number(0, amountMax)
  return {
    partitions: topic?.field('partitions').number(1, 10_000),
    key: topic?.field('key').text(),
    configs: Object.fromEntries(configs.map(([name, node]) => [name, node.scalarText() ?? ''])),
    retentionMs: sla.get('retention'),
    freshnessMs: sla.get('latency'),
    replayMs: windowDays === undefined ? undefined : windowDays * day,
    rollback: replay?.field('rollback').text(),
    lossPerMillion: loss?.field('perMillion').number(0, 1_000_000),
  }
}

const roleFields = [
  'id',
  'role',
  'description',
  'access',
  'firstLevelApprovers',
  'secondLevelApprovers',
  'customProperties',
]

/** Who reads and writes, and who approves. */
export function parseRoles(root: DocumentNode): {
  readonly readers: Reader[]
  readonly approvers: string[]
} {
  const readers: Reader[] = []
  const approvers = new Set<string>()
  for (const node of root.field('roles').list()) {
    node.only(roleFields)
    const role = node.field('role').needText('the name of the role')
    const delay = customProperties(node, ['ai.delay']).get('ai.delay')
    delay?.only(['value', 'unit'])
    for (const name of ['firstLevelApprovers', 'secondLevelApprovers']) {
      const named = node.field(name).text()?.split(',') ?? []
      for (const each of named) approvers.add(each.trim())
    }
    readers.push({
      role,
      access: node.field('access').text() ?? 'read',
      delayMsMax: delay === undefined ? undefined : durationMs(delay),
    })
  }
  return { readers, approvers: [...approvers] }
}
