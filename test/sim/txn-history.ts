/**
 * The oracle of transactions (T1, T2): what became of each, as its producer knows it, against what
 * readers of committed records see.
 */
import assert from 'node:assert/strict'

/**
 * - `open`: nobody asked for its end; `aborted`: it can never be seen, its producer knows.
 * - `undecided`: its commit was asked for and the answer is lost; `committed`: it was answered.
 */
export type Fate = 'open' | 'aborted' | 'undecided' | 'committed'

export interface SimTransaction {
  readonly name: string
  readonly producer: string
  readonly values: { readonly value: string; readonly partition: number }[]
  /** What it commits for its group; -1 where nothing. */
  groupOffset: number
  fate: Fate
}

export interface CommittedRecord {
  readonly offset: number
  readonly value: string
}

export class TxnHistory {
  readonly transactions: SimTransaction[] = []
  readonly #byValue = new Map<string, SimTransaction>()

  begin(producer: string): SimTransaction {
    const name = `${producer}-${this.transactions.length}`
    const begun: SimTransaction = { name, producer, values: [], groupOffset: -1, fate: 'open' }
    this.transactions.push(begun)
    return begun
  }

  send(transaction: SimTransaction, partition: number): string {
    const value = `${transaction.name}/${transaction.values.length}`
    transaction.values.push({ value, partition })
    this.#byValue.set(value, transaction)
    return value
  }

  /** T2: a record of an open or aborted transaction is never returned. */
  seen(value: string): void {
    const transaction = this.#byValue.get(value)
    assert.ok(transaction !== undefined, `T2: nobody sent ${value}`)
    const { fate } = transaction
    assert.ok(
      fate === 'undecided' || fate === 'committed',
      `T2: ${value} is seen, its transaction is ${fate}`,
    )
  }

  /** `logs`: all that a reader of committed records gets, at the end. */
  check(
    logs: ReadonlyMap<number, readonly CommittedRecord[]>,
    groupOffsets: ReadonlyMap<string, number>,
  ): void {
    const found = new Map<string, number[]>()
    for (const [partition, records] of logs) {
      for (const { value } of records) {
        this.seen(value)
        found.set(value, [...(found.get(value) ?? []), partition])
      }
    }
    const offsets = new Map<string, number>()
    for (const transaction of this.transactions) {
      if (!checkOne(transaction, found)) continue
      if (transaction.groupOffset < 0) continue
      offsets.set(transaction.producer, transaction.groupOffset)
    }
    for (const [producer, offset] of groupOffsets) {
      const expected = offsets.get(producer) ?? -1
      const told = `T1: ${producer}'s group is at ${offset}, not at ${expected}`
      if (offset === expected) continue
      const own = this.transactions.filter((each) => each.producer === producer)
      const all = own.map(({ name, fate, groupOffset }) => `${name} (${fate}) ${groupOffset}`)
      assert.fail(`${told}: ${all.join(', ')}`)
    }
  }
}

/** True where it is committed. T1: all of it is there, or nothing. */
function checkOne(
  { name, fate, values }: SimTransaction,
  found: ReadonlyMap<string, readonly number[]>,
): boolean {
  const present = values.filter(({ value }) => found.has(value))
  const isWhole = present.length === values.length
  const told = `${present.length} of ${values.length} records of ${name} (${fate})`
  assert.ok(present.length === 0 || isWhole, `T1: ${told} are there`)
  if (fate === 'committed') assert.ok(isWhole, `T2: ${told} are there`)
  for (const { value, partition } of present) {
    assert.deepEqual(found.get(value), [partition], `W5: where ${value} is`)
  }
  return fate === 'committed' || (fate === 'undecided' && values.length > 0 && isWhole)
}
