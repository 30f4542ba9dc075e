/** Several threads that hold batches to contracts: a batch goes to the one that has least to do. */
import type { ToldSchemas } from './held-schemas.ts'
import type { JudgedBatch } from './judge-batch.ts'
import type { Policy } from './policy.ts'
import type { RecordChecker } from './record-checker.ts'

interface Line {
  readonly checker: RecordChecker
  /** Given to it and not judged yet. */
  bytes: number
}

export class CheckThreads implements RecordChecker {
  readonly #make: () => RecordChecker
  readonly #max: number
  readonly #lines: Line[] = []

  /**
   * @param make a thread that takes nothing until it has something to do; called once it is needed.
   * @param max how many there are at most, 1 or more.
   */
  constructor(make: () => RecordChecker, max: number) {
    this.#make = make
    this.#max = max
  }

  async check(policy: Policy, bytes: Uint8Array, told?: ToldSchemas): Promise<JudgedBatch> {
    const line = this.#leastLoaded()
    line.bytes += bytes.length
    try {
      return await line.checker.check(policy, bytes, told)
    } finally {
      line.bytes -= bytes.length
    }
  }

  #leastLoaded(): Line {
    let least: Line | undefined
    for (const line of this.#lines) if (line.bytes < (least?.bytes ?? Infinity)) least = line
    if (least !== undefined && (least.bytes === 0 || this.#lines.length >= this.#max)) return least
    const line = { checker: this.#make(), bytes: 0 }
    this.#lines.push(line)
    return line
  }

  async close(): Promise<void> {
    await Promise.all(this.#lines.map(({ checker }) => checker.close()))
  }
}
