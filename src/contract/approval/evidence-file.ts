/**
 * What a cluster cannot know by itself and somebody has tried: by whom, when, what came of it, and
 * until when that counts. Read from a file that stands beside the contract.
 */
import { Failure } from '../../base/errors.ts'
import { parseIsoTime } from '../../base/iso-time.ts'
import { issueText } from '../file/issue.ts'
import { durationUnitsMs } from '../file/known-fields.ts'
import { DocumentNode, Issues } from '../file/node.ts'
import { readYaml } from '../file/yaml-document.ts'

export const evidenceItems = [
  'old-shapes',
  'header-survival',
  'lag-alert',
  'recovery-time',
  'backfill',
  'transactions',
  'dead-letter',
  'failure-drill',
  'cost',
  'approval',
] as const
export type EvidenceItem = (typeof evidenceItems)[number]

export interface Evidence {
  readonly item: EvidenceItem
  /** The topic that it is about; undefined: whichever is asked for. */
  readonly stream: string | undefined
  /** The sink, connector or group that it is about. */
  readonly of: string | undefined
  readonly by: string
  readonly onMs: number
  readonly figure: string
  /** From then on it does not count. */
  readonly expiresMs: number
  /** Of a figure that is a duration; else undefined. */
  readonly durationMs: number | undefined
}

const fields = ['item', 'stream', 'of', 'by', 'on', 'figure', 'expires']
const dayMs = 86_400_000

/**
 * A list of entries.
 *
 * @param file as issues name it.
 * @throws Failure 'invalid': all that is wrong, each with its line.
 */
export function parseEvidence(text: string, file: string): Evidence[] {
  const document = readYaml(text)
  const issues = new Issues(document)
  const root = new DocumentNode(document.value, '', issues)
  const found = root.list().flatMap((node) => parseEntry(node) ?? [])
  if (issues.all.length === 0) return found
  throw new Failure('invalid', issues.all.map((issue) => issueText(file, issue)).join('\n'))
}

function parseEntry(node: DocumentNode): Evidence | undefined {
  node.only(fields)
  const item = node.field('item').oneOf(evidenceItems)
  if (!node.field('item').isGiven) {
    node.error('missing', `item is missing: one of ${evidenceItems.join(', ')}`)
  }
  const figure = node.field('figure').scalarText()
  if (!node.field('figure').isGiven) node.error('missing', 'figure is missing: what was found')
  const by = node.field('by').needText('who has tried it')
  const onMs = day(node.field('on'), 'when it was tried')
  const expiresMs = day(node.field('expires'), 'until when it counts')
  const durationMs = figure === undefined ? undefined : durationIn(figure)
  if (item === 'recovery-time' && figure !== undefined && durationMs === undefined) {
    node.field('figure').error('wrong-value', 'must be a duration, such as 90 min or 4 h')
  }
  if (onMs !== undefined && expiresMs !== undefined && expiresMs < onMs) {
    node.field('expires').error('wrong-value', 'is before it was tried')
  }
  if (item === undefined || onMs === undefined || expiresMs === undefined) return undefined
  const about = { stream: node.field('stream').text(), of: node.field('of').text() }
  // What counts until a day counts on that day.
  return {
    item,
    ...about,
    by,
    onMs,
    figure: figure ?? '',
    expiresMs: expiresMs + dayMs,
    durationMs,
  }
}

function day(node: DocumentNode, why: string): number | undefined {
  const text = node.needText(why)
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? parseIsoTime(text) : undefined
  if (ms === undefined && text !== '') {
    node.error('wrong-value', `must be a day such as 2026-11-30, not ${text}`)
  }
  return ms
}

/** `90 min`, `4h`; what follows is for people. */
function durationIn(figure: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)\b/.exec(figure) ?? []
  const unitMs = durationUnitsMs[unit]
  return unitMs === undefined ? undefined : Number(amount) * unitMs
}
