/**
 * What producers ask for, drawn by a seed: steps that name what was answered before rather than
 * numbers, so that the same plan can be carried out on two brokers.
 */
import type { Random } from '../../../src/base/random.ts'
import { randomBelow } from '../../../src/base/random.ts'

/**
 * Which client asks: TV1 registers what it writes to, TV2 does not (KIP-890); an old one is TV1,
 * and knows of fewer errors.
 */
export type Flavour = 'old' | 'tv1' | 'tv2'

/** One of the producers that a broker has told of, the latest first, and how its epoch is changed. */
export interface Who {
  readonly back: number
  readonly epochOff: number
  /** The producer id of nobody. */
  readonly isStranger: boolean
}

export type Sequence = 'next' | 'again' | 'gap' | 'first'

export type PlannedStep = {
  /** Each has a transactional id of its own. */
  readonly id: number
  readonly flavour: Flavour
  readonly who: Who
} & (
  | { readonly kind: 'init'; readonly isRecovery: boolean }
  | { readonly kind: 'add-partitions'; readonly partitions: readonly number[] }
  | { readonly kind: 'add-offsets' }
  | {
      readonly kind: 'produce'
      readonly partition: number
      readonly sequence: Sequence
      readonly count: number
      readonly isTransactional: boolean
    }
  | { readonly kind: 'commit-offsets'; readonly partition: number; readonly offset: number }
  | { readonly kind: 'end'; readonly isCommit: boolean }
)

export const partitionCount = 2
export const idCount = 2

const stepsMin = 6
const stepsMax = 18

/** How often each is drawn, out of their sum. */
const weights: Readonly<Record<PlannedStep['kind'], number>> = {
  init: 2,
  'add-partitions': 3,
  'add-offsets': 1,
  produce: 7,
  'commit-offsets': 2,
  end: 4,
}

export function planOf(random: Random): PlannedStep[] {
  const below = (bound: number): number => randomBelow(random, bound)
  const isRare = (oneIn: number): boolean => below(oneIn) === 0
  const older = (): Flavour => (isRare(3) ? 'old' : 'tv1')
  const usual: Flavour[] = Array.from({ length: idCount }, () => (isRare(2) ? 'tv2' : older()))
  const steps: PlannedStep[] = []
  const who = (): Who => ({
    back: isRare(6) ? 1 + below(2) : 0,
    epochOff: isRare(12) ? below(3) - 1 : 0,
    isStranger: isRare(30),
  })
  const own = (id: number): Pick<PlannedStep, 'id' | 'flavour' | 'who'> => {
    const own = usual[id] ?? 'tv2'
    const other = own === 'tv2' ? older() : 'tv2'
    return { id, flavour: isRare(8) ? other : own, who: who() }
  }
  for (let id = 0; id < idCount; id++) {
    const first = { back: 0, epochOff: 0, isStranger: false }
    steps.push({ ...own(id), who: first, kind: 'init', isRecovery: false })
  }
  const length = stepsMin + below(stepsMax - stepsMin)
  while (steps.length < length) {
    const whose = own(below(idCount))
    const kind = drawn(below)
    if (kind === 'init') steps.push({ ...whose, kind, isRecovery: !isRare(3) })
    else if (kind === 'add-offsets') steps.push({ ...whose, kind })
    else if (kind === 'end') steps.push({ ...whose, kind, isCommit: !isRare(3) })
    else if (kind === 'add-partitions') {
      const partitions = isRare(3) ? [0, 1] : [below(partitionCount)]
      steps.push({ ...whose, kind, partitions })
    } else if (kind === 'commit-offsets') {
      const partition = below(partitionCount)
      steps.push({ ...whose, kind, partition, offset: below(100) })
    } else {
      const sequence = (['again', 'gap', 'first'] as const)[below(12)] ?? 'next'
      const [partition, count] = [below(partitionCount), 1 + below(2)]
      steps.push({ ...whose, kind, partition, sequence, count, isTransactional: !isRare(15) })
    }
    // An answer that was lost: the same again.
    const last = steps.at(-1)
    if (last !== undefined && isRare(10)) steps.push(last)
  }
  return steps
}

function drawn(below: (bound: number) => number): PlannedStep['kind'] {
  const all = Object.entries(weights) as [PlannedStep['kind'], number][]
  let at = below(all.reduce((sum, [, weight]) => sum + weight, 0))
  for (const [kind, weight] of all) {
    if (at < weight) return kind
    at -= weight
  }
  return 'produce'
}
