/**
 * What a run is made of, drawn by its seed: for how long the world fails, how often, and who is at
 * work meanwhile. A run that leaves features out meets states that one of everything does not, as
 * what is left out no longer gets in the way ("Swarm Testing", Groce and others, ISSTA 2012); and
 * many short runs, each over a world of its own, meet more than few long ones of the same cost.
 * Some are long and have everything all the same: what takes seconds happens only there.
 */
import { type Random, randomBelow } from '../../src/base/random.ts'
import type { Settling } from '../support/virtual-clock.ts'

export const features = [
  'readers',
  'groups',
  'transactions',
  'retention',
  'compaction',
  'contract',
] as const

export type Feature = (typeof features)[number]

export interface RunShape {
  /** Virtual time with faults. */
  readonly faultMs: number
  /** Between two disturbances at most. */
  readonly calmMsMax: number
  /** Of each partition: which of them are idempotent. */
  readonly producers: readonly boolean[]
  /** Who is at work beside them. */
  readonly features: ReadonlySet<Feature>
  /** Everything is killed and booted once more at the end, and read again. */
  readonly isRestarted: boolean
  /** Answers that wait for a tick come before the next timer, or behind it. */
  readonly settling: Settling
}

/**
 * As long as the longest: what is due after seconds (retention, grace, orphans) comes several
 * times.
 */
const longMs = 6_000

/** One of so many runs is long and has everything … */
const wholeOdds = 60
/** … and one of so many of the others is long: a dead broker is noticed after two seconds. */
const longOdds = 20

const producers = [[true], [true, true], [true, false], [true, true, false]] as const

/** `faultMs`: of a run that has everything; undefined: the seed decides. */
export function drawShape(random: Random, faultMs?: number): RunShape {
  const isWhole = randomBelow(random, wholeOdds) === 0 || faultMs !== undefined
  return {
    faultMs: faultMs ?? (isWhole ? longMs : someMs(random)),
    calmMsMax: isWhole ? 400 : 40 + randomBelow(random, 400),
    producers:
      producers[isWhole ? producers.length - 1 : randomBelow(random, producers.length)] ?? [],
    features: new Set(features.filter(() => isWhole || randomBelow(random, 2) === 0)),
    isRestarted: isWhole || randomBelow(random, 3) === 0,
    settling: randomBelow(random, 4) === 0 ? 'turn' : 'tick',
  }
}

/** Mostly below a second. */
function someMs(random: Random): number {
  if (randomBelow(random, longOdds) === 0) return 2_500 + randomBelow(random, longMs)
  return 200 + randomBelow(random, randomBelow(random, 4) === 0 ? 2_000 : 600)
}
