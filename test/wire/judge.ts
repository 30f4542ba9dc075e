/** Puts what differs between brokers beside what is known to differ. */
import type { Difference } from './compare.ts'
import type { KnownDifference } from './known-differences.ts'

/** The same difference of one case, in all the versions that show it. */
export interface Finding extends Difference {
  readonly key: number
  readonly case: string
  readonly versions: number[]
  reason?: string
}

export interface Verdict {
  readonly listed: Finding[]
  readonly unlisted: Finding[]
  /** Of what was looked at: entries that nothing matches any more. */
  readonly stale: KnownDifference[]
}

/** Gathers findings over versions. */
export class Findings {
  readonly #found = new Map<string, Finding>()

  add(key: number, name: string, version: number, differences: readonly Difference[]): void {
    for (const difference of differences) {
      const { path, kafka, karst } = difference
      const id = JSON.stringify([key, name, path, kafka, karst])
      const finding = this.#found.get(id)
      if (finding !== undefined) finding.versions.push(version)
      else this.#found.set(id, { key, case: name, versions: [version], ...difference })
    }
  }

  get all(): Finding[] {
    return [...this.#found.values()]
  }
}

/** `wasRun` tells which cases were looked at: of others nothing is known. */
export function judge(
  findings: readonly Finding[],
  known: readonly KnownDifference[],
  wasRun: (entry: KnownDifference) => boolean,
): Verdict {
  const used = new Set<KnownDifference>()
  const listed: Finding[] = []
  const unlisted: Finding[] = []
  for (const finding of findings) {
    const entry = known.find((each) => explains(each, finding))
    if (entry === undefined) {
      unlisted.push(finding)
      continue
    }
    used.add(entry)
    listed.push({ ...finding, reason: entry.reason })
  }
  return { listed, unlisted, stale: known.filter((each) => !used.has(each) && wasRun(each)) }
}

function explains(entry: KnownDifference, finding: Finding): boolean {
  return (
    entry.key === finding.key &&
    matches(entry.case, finding.case) &&
    matches(entry.path, finding.path) &&
    matches(entry.kafka ?? '*', finding.kafka) &&
    matches(entry.karst ?? '*', finding.karst)
  )
}

/** `*` in the pattern is any text. */
export function matches(pattern: string, text: string): boolean {
  const parts = pattern
    .split('*')
    .map((part) => part.replaceAll(/[$()+.?[\\\]^{|}]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('[^]*')}$`).test(text)
}

/** `2,3,4,7` as `2-4,7`. */
export function versionsText(versions: readonly number[]): string {
  const ranges: [number, number][] = []
  for (const version of versions.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === version - 1) last[1] = version
    else ranges.push([version, version])
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',')
}
