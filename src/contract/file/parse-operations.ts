/** The operational layer: topic, key, retention, replay, freshness, loss, readers. */
import type { Operations, Reader } from '../contract.ts'
import { customProperties } from './custom-properties.ts'
import {
  contractBounds,
  durationUnitsMs,
  knownCustomProperties,
  knownFields,
} from './known-fields.ts'
import type { DocumentNode } from './node.ts'

const { amountMax, partitionsMax, lossPerMillionMax } = contractBounds

/** `value` and `unit` of a node, in milliseconds. */
export function durationMs(node: DocumentNode): number | undefined {
  const value = node.field('value').number(0, amountMax)
  const unit = node.field('unit').scalarText()
  if (value === undefined) return undefined
  const factor = unit === undefined ? undefined : durationUnitsMs[unit]
  if (factor === undefined) {
    const known = Object.keys(durationUnitsMs).join(', ')
    node.field('unit').error('wrong-value', `must be one of ${known}, not ${unit ?? 'nothing'}`)
    return undefined
  }
  return Math.round(value * factor)
}

/** The durations among `slaProperties`, by property. */
function slaDurations(root: DocumentNode): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const node of root.field('slaProperties').list()) {
    node.only(knownFields.sla)
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
  topic?.only(knownFields.topic)
  const replay = custom.get('ai.replay')
  replay?.only(knownFields.replay)
  const loss = custom.get('ai.loss')
  loss?.only(knownFields.loss)
  const configs = topic?.field('configs').entries() ?? []
  const windowDays = replay?.field('windowDays').number(0, amountMax)
  return {
    partitions: topic?.field('partitions').number(1, partitionsMax),
    key: topic?.field('key').text(),
    configs: Object.fromEntries(configs.map(([name, node]) => [name, node.scalarText() ?? ''])),
    retentionMs: sla.get('retention'),
    freshnessMs: sla.get('latency'),
    replayMs: windowDays === undefined ? undefined : windowDays * (durationUnitsMs['d'] as number),
    rollback: replay?.field('rollback').text(),
    lossPerMillion: loss?.field('perMillion').number(0, lossPerMillionMax),
  }
}

/** Who reads and writes, and who approves. */
export function parseRoles(root: DocumentNode): {
  readonly readers: Reader[]
  readonly approvers: string[]
} {
  const readers: Reader[] = []
  const approvers = new Set<string>()
  for (const node of root.field('roles').list()) {
    node.only(knownFields.role)
    const role = node.field('role').needText('the name of the role')
    const delay = customProperties(node, knownCustomProperties.role).get('ai.delay')
    delay?.only(knownFields.duration)
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
