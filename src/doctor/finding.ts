/** What a look over a cluster can find: what it means, and what to do about it. */

/** What a finding endangers: records that are lost or will be, or only space. */
export type Weight = 'loss' | 'danger' | 'waste'

export interface FindingText {
  readonly weight: Weight
  readonly means: string
  readonly todo: string
}

/** Part of the command's output: keep them stable. */
export type FindingKind =
  | 'missing-object'
  | 'wrong-size'
  | 'damaged'
  | 'hole'
  | 'overlap'
  | 'no-row'
  | 'miscounted'
  | 'no-marker'
  | 'newer'
  | 'orphan'
  | 'unnamed'
  | 'unknown-key'

/** By kind, in the order of reports. */
export const findingTexts: Readonly<Record<FindingKind, FindingText>> = {
  'missing-object': {
    weight: 'loss',
    means: 'the catalog names it, and it is not stored any more: these records cannot be read',
    todo:
      'bring the object back from a version or a copy of the store; where there is none, move ' +
      'consumers past these offsets (karst group reset), or give them up (karst topic records)',
  },
  'wrong-size': {
    weight: 'loss',
    means: 'it is not as long as the catalog says: it was overwritten or cut short',
    todo:
      'bring the object back from a version or a copy of the store; karst doctor --deep tells ' +
      'which records of it can still be read',
  },
  damaged: {
    weight: 'loss',
    means:
      'its bytes are not what was written: these records are refused to readers, others are not',
    todo:
      'bring the object back from a version or a copy of the store; where there is none, move ' +
      'consumers past these offsets',
  },
  hole: {
    weight: 'loss',
    means: 'no object is named for these offsets: the catalog was changed by a hand or a bug',
    todo: 'report it with the output of --json; readers go on behind the hole',
  },
  overlap: {
    weight: 'danger',
    means: 'these offsets are named twice: the catalog was changed by a hand or a bug',
    todo: 'report it with the output of --json',
  },
  'no-row': {
    weight: 'danger',
    means: 'records are named in an object that the catalog does not keep: it may be deleted',
    todo: 'stop the brokers and report it with the output of --json',
  },
  miscounted: {
    weight: 'danger',
    means:
      'the catalog counts other uses of this object than there are: it may go too early or never',
    todo: 'report it with the output of --json',
  },
  'no-marker': {
    weight: 'danger',
    means:
      'the marker of the cluster is gone: somebody has emptied this place, or the URL is wrong',
    todo: 'check --storage; a broker that starts puts the marker there again',
  },
  newer: {
    weight: 'danger',
    means: 'these objects were named by a catalog that is newer than this one, which has gone back',
    todo: 'stop the brokers and run karst catalog rescue: these may be the only copies',
  },
  orphan: {
    weight: 'waste',
    means: 'nothing names it, and nothing can be about to: a broker died before its commit',
    todo: 'a broker deletes it within hours; karst doctor --repair does it now',
  },
  unnamed: {
    weight: 'waste',
    means: 'the catalog keeps an object that names no records any more',
    todo: 'karst doctor --repair hands it to the collector',
  },
  'unknown-key': {
    weight: 'waste',
    means: 'it lies among the objects of this cluster and is none of them',
    todo: 'whoever put it there may delete it; Karst never does',
  },
}

/** Offsets of a partition that a finding is about. */
export interface AffectedRange {
  readonly topic: string
  readonly partition: number
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

export interface Finding {
  readonly kind: FindingKind
  /** An object's id, a key, or a partition as `topic-index`. */
  readonly subject: string
  /** What was seen, in figures. */
  readonly detail: string
  readonly bytes: number
  readonly affects: AffectedRange[]
  /** True once a repair has been done. */
  isRepaired: boolean
}

/** More of one kind are counted, not listed: the first thousand tell what happened. */
const listedMax = 1_000
/** Ranges told of one finding. */
const rangesMax = 20

export class Findings {
  readonly #listed = new Map<FindingKind, Finding[]>()
  readonly #unlisted = new Map<FindingKind, number>()

  add(kind: FindingKind, subject: string, detail: string, bytes = 0): Finding | undefined {
    const listed = this.#listed.get(kind) ?? []
    this.#listed.set(kind, listed)
    if (listed.length >= listedMax) {
      this.#unlisted.set(kind, (this.#unlisted.get(kind) ?? 0) + 1)
      return undefined
    }
    const finding = { kind, subject, detail, bytes, affects: [], isRepaired: false }
    listed.push(finding)
    return finding
  }

  /** What is listed, the gravest first. */
  all(): Finding[] {
    const kinds = Object.keys(findingTexts) as FindingKind[]
    return kinds.flatMap((kind) => this.#listed.get(kind) ?? [])
  }

  of(kind: FindingKind): readonly Finding[] {
    return this.#listed.get(kind) ?? []
  }

  unlisted(): { readonly kind: FindingKind; readonly count: number }[] {
    return [...this.#unlisted].map(([kind, count]) => ({ kind, count }))
  }
}

/** Told in the order found, up to a bound: who has more has one cause. */
export function affect(finding: Finding | undefined, range: AffectedRange): void {
  if (finding === undefined || finding.affects.length >= rangesMax) return
  const last = finding.affects.at(-1)
  const joins =
    last?.topic === range.topic && last.partition === range.partition && last.to === range.from
  if (joins) finding.affects[finding.affects.length - 1] = { ...last, to: range.to }
  else finding.affects.push(range)
}
