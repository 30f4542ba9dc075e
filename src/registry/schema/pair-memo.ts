/**
 * Recursive schemas compared: a pair that comes back to itself counts as readable while it is
 * judged. That is right where the pair holds in the end. Where it does not, whatever was concluded
 * from it (another branch of a union) must be judged again, knowing that it failed.
 */
import { type Incompatibility, tooComplexRule } from './schema-format.ts'

type Found = readonly Incompatibility[]

class Pairs {
  readonly #found = new Map<object, Map<object, Found>>()

  get(reader: object, writer: object): Found | undefined {
    return this.#found.get(reader)?.get(writer)
  }

  set(reader: object, writer: object, found: Found): void {
    const ofReader = this.#found.get(reader) ?? new Map<object, Found>()
    this.#found.set(reader, ofReader)
    ofReader.set(writer, found)
  }
}

/**
 * Pairs that one comparison may judge: some seconds. Large schemas that people write have
 * thousands.
 */
export const pairsMax = 50_000
/** Pairs in each other. A stack holds some thousand. */
export const pairsDepthMax = 300

/** Passes over one pair of schemas. Two are common where alternatives refer back; ten are a puzzle. */
export const passesMax = 20

/** How much one comparison may take. */
export interface Effort {
  readonly pairsMax: number
  readonly depthMax: number
  readonly passesMax: number
}

const fullEffort: Effort = { pairsMax, depthMax: pairsDepthMax, passesMax }
/**
 * What the thread that serves clients can spare: some ten milliseconds. Puzzles of a hundred
 * characters take seconds, and are given up soon.
 */
export const briefEffort: Effort = { pairsMax: 500, depthMax: 20, passesMax: 2 }

const tooComplex: Found = [
  {
    rule: tooComplexRule,
    path: '/',
    message:
      `the comparison takes more than ${pairsMax} steps, or ${pairsDepthMax} in each ` +
      'other: split the schema',
  },
]

/** Ends the comparison from within. Never leaves this file. */
class TooComplex extends Error {}

export class PairMemo {
  readonly #judged = new Pairs()
  readonly #open = new Pairs()
  /** What failed in the passes before. */
  readonly #failed: Pairs
  failures = 0
  /** An open pair was believed in this pass. */
  believed = false
  readonly #effort: Effort
  #pairs = 0
  #depth = 0

  constructor(effort: Effort = fullEffort, failed: Pairs = new Pairs()) {
    this.#effort = effort
    this.#failed = failed
  }

  /** Judges each pair once; `judge` may come back to the pair itself. */
  judge(reader: object, writer: object, judge: () => Found): Found {
    const known = this.#judged.get(reader, writer)
    if (known !== undefined) return known
    if (this.#open.get(reader, writer) !== undefined) {
      const before = this.#failed.get(reader, writer)
      this.believed ||= before === undefined
      return before ?? []
    }
    const { pairsMax: most, depthMax } = this.#effort
    if (++this.#pairs > most || this.#depth >= depthMax) throw new TooComplex()
    this.#open.set(reader, writer, [])
    this.#depth++
    const found = judge()
    this.#depth--
    this.#judged.set(reader, writer, found)
    if (found.length > 0 && this.#failed.get(reader, writer) === undefined) {
      this.#failed.set(reader, writer, found)
      this.failures++
    }
    return found
  }

  /** For the next pass, or undefined where this one was exact. */
  next(): PairMemo | undefined {
    return this.believed && this.failures > 0 ? new PairMemo(this.#effort, this.#failed) : undefined
  }
}

/**
 * Runs passes until one is exact, or finds something: a pass believes too much, never too little,
 * so that what it finds is so. Each pass fails one pair more, at least, so that they end.
 */
export function judgePairs(pass: (memo: PairMemo) => Found, effort: Effort = fullEffort): Found {
  let memo: PairMemo | undefined = new PairMemo(effort)
  for (let passes = 0; passes < effort.passesMax; passes++) {
    const found = onePass(pass, memo)
    if (found.length > 0) return found
    memo = memo.next()
    if (memo === undefined) return found
  }
  return tooComplex
}

function onePass(pass: (memo: PairMemo) => Found, memo: PairMemo): Found {
  try {
    return pass(memo)
  } catch (error) {
    // Alternatives within alternatives fill the stack before the pairs are as deep as they may be.
    if (!(error instanceof TooComplex) && !(error instanceof RangeError)) throw error
    return tooComplex
  }
}
