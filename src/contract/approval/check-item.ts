/** One item of the checklist: whether it holds, what was looked at, and what is to be done. */
import { durationText } from '../../base/duration-text.ts'
import { formatIsoTime } from '../../base/iso-time.ts'
import type { Evidence, EvidenceItem } from './evidence-file.ts'
import type { StreamFacts } from './stream-facts.ts'

export const itemStates = ['met', 'missing', 'unknown'] as const
export type ItemState = (typeof itemStates)[number]

export interface CheckItem {
  readonly item: string
  /** What must hold. */
  readonly title: string
  /** `unknown`: it cannot be told from here. */
  readonly state: ItemState
  readonly evidence: readonly Looked[]
  /** What to do; empty where it is met. */
  readonly todo: readonly string[]
}

/** What was looked at. */
export interface Looked {
  readonly what: string
  readonly figure: string
  /** ISO 8601. */
  readonly at: string
}

/** For what may not be said. */
export const durationSaid = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : durationText(ms)

/** What an item is judged by. */
export interface Case {
  readonly facts: StreamFacts
  /** Of this stream; what has expired, too. */
  readonly evidence: readonly Evidence[]
}

/** Gathers what is seen and what lacks of one item. */
export class Judging {
  readonly #item: string
  readonly #title: string
  readonly #case: Case
  readonly #seen: Looked[] = []
  readonly #lacking: string[] = []
  readonly #unknown: string[] = []

  constructor(item: string, title: string, given: Case) {
    this.#item = item
    this.#title = title
    this.#case = given
  }

  saw(what: string, figure: string): void {
    this.#seen.push({ what, figure, at: formatIsoTime(this.#case.facts.lookedMs) })
  }

  lacks(todo: string): void {
    this.#lacking.push(todo)
  }

  /** Whether it holds is to be told by whoever can see more. */
  cannotKnow(todo: string): void {
    this.#unknown.push(todo)
  }

  /** Sees `figure` where there is one, else `todo` is lacking. */
  wants(what: string, figure: string | undefined, todo: string): void {
    if (figure === undefined) this.lacks(todo)
    else this.saw(what, figure)
  }

  /**
   * Evidence from the file that counts today; where there is none, `todo` is lacking.
   *
   * @param of the sink, connector or group that it must be about; undefined: any.
   */
  needsEvidence(item: EvidenceItem, todo: string, of?: string): Evidence | undefined {
    const { evidence, facts } = this.#case
    const about = evidence.filter(
      (each) => each.item === item && (of === undefined || each.of === of),
    )
    const [newest] = about.toSorted((a, b) => b.onMs - a.onMs)
    const how = `${todo} (evidence ${item}${of === undefined ? '' : ` of ${of}`})`
    if (newest === undefined) {
      this.lacks(how)
      return undefined
    }
    this.#saysWho(newest)
    const { expiresMs, onMs } = newest
    if (expiresMs <= facts.lookedMs) {
      this.lacks(`${how}; what there is has expired`)
      return undefined
    }
    if (onMs > facts.lookedMs) {
      this.lacks(`${how}; what there is lies in the future`)
      return undefined
    }
    return newest
  }

  #saysWho({ item, of, by, figure, onMs }: Evidence): void {
    const what = `${item}${of === undefined ? '' : ` of ${of}`}, by ${by}`
    this.#seen.push({ what, figure, at: formatIsoTime(onMs) })
  }

  get outcome(): CheckItem {
    const isUnknown = this.#unknown.length > 0
    const state = this.#lacking.length > 0 ? 'missing' : isUnknown ? 'unknown' : 'met'
    const [item, title] = [this.#item, this.#title]
    const todo = [...this.#lacking, ...this.#unknown]
    return { item, title, state, evidence: this.#seen, todo }
  }
}
