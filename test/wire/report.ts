/** Prints what was found: for people, or as JSON. */
import { apis } from '../../src/wire/apis.ts'
import type { AnyApi } from '../../src/wire/message.ts'
import { versionsText } from './judge.ts'
import type { Finding, Verdict } from './judge.ts'

const shownMax = 8 // differences of one case; where everything differs, these say enough

export interface Outcome extends Verdict {
  /** Cases that could not be run on one of the brokers, and APIs without one. */
  readonly broken: readonly string[]
  /** How many answers of each broker were compared. */
  readonly exchanges: number
}

/** True when there is nothing to complain about. */
export function report(outcome: Outcome, asJson: boolean): boolean {
  const { listed, unlisted, stale, broken, exchanges } = outcome
  if (asJson) console.log(JSON.stringify(outcome, null, 2))
  else for (const line of lines(outcome)) console.log(line)
  const counts = `${exchanges} answers compared: ${unlisted.length} unexplained differences`
  console.error(`${counts}, ${listed.length} known, ${stale.length} gone, ${broken.length} broken`)
  return unlisted.length + stale.length + broken.length === 0
}

function* lines({ unlisted, stale, broken }: Outcome): Generator<string> {
  const cases = Map.groupBy(unlisted, (finding) => `${titleOf(finding)} · ${finding.case}`)
  for (const [heading, findings] of cases) {
    yield `\n${heading}`
    for (const { versions, path, kafka, karst } of findings.slice(0, shownMax)) {
      yield `  v${versionsText(versions)} ${path === '' ? 'the answer' : path}`
      yield `      Kafka ${cut(kafka)}`
      yield `      Karst ${cut(karst)}`
    }
    if (findings.length > shownMax) yield `  and ${findings.length - shownMax} more: see --json`
  }
  for (const entry of stale) {
    yield `\nlisted in known-differences.ts, and gone: ${entry.key} · ${entry.case} · ${entry.path}`
  }
  for (const each of broken) yield `\nbroken: ${each}`
}

const cut = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text)

function titleOf({ key }: Finding): string {
  return `${key} ${(apis as Record<number, AnyApi>)[key]?.name ?? ''}`
}
