/** What a broker's clients write and read, by slot: told with heartbeats, to share the load. */
import { slotCount, slotOfPartition } from './slots.ts'

/** What there is to count of a partition. */
export interface PartitionTraffic {
  readonly partitionId: number
  /** Written and read here since the broker started. */
  readonly bytes: number
}

/** Half of a rate is of the last so many milliseconds. */
const halfMs = 10_000

export class SlotLoad {
  readonly #traffic: () => Iterable<PartitionTraffic>
  #rates: number[] = emptySlots()
  #before: number[] = emptySlots()
  #measuredMs: number | undefined

  constructor(traffic: () => Iterable<PartitionTraffic>) {
    this.#traffic = traffic
  }

  /** Counts what came since the call before. */
  measure(monotonicMs: number): void {
    const now = emptySlots()
    for (const { partitionId, bytes } of this.#traffic()) {
      const slot = slotOfPartition(partitionId)
      now[slot] = (now[slot] ?? 0) + bytes
    }
    const passedMs = monotonicMs - (this.#measuredMs ?? monotonicMs)
    if (passedMs > 0) {
      const kept = 0.5 ** (passedMs / halfMs)
      this.#rates = this.#rates.map((rate, slot) => {
        // Of a partition that is deleted what it had is gone.
        const grown = Math.max(0, (now[slot] ?? 0) - (this.#before[slot] ?? 0))
        return rate * kept + ((grown * 1_000) / passedMs) * (1 - kept)
      })
    }
    this.#before = now
    this.#measuredMs = monotonicMs
  }

  /** Whole bytes a second by slot; [] where there are none. */
  rates(): number[] {
    const whole = this.#rates.map(Math.round)
    return whole.every((rate) => rate === 0) ? [] : whole
  }

  /** Of what several brokers told. */
  static sum(told: readonly string[]): number[] {
    const total = emptySlots()
    for (const text of told) {
      for (const [slot, rate] of (JSON.parse(text) as number[]).entries()) {
        total[slot] = (total[slot] ?? 0) + rate
      }
    }
    return total
  }
}

const emptySlots = (): number[] => Array.from({ length: slotCount }, () => 0)
