/** What clients saw, and what must hold of it: the invariants of docs/architecture.md, by number. */
import assert from 'node:assert/strict'

/** One value that a producer sent. Values are unique. */
export interface Sent {
  readonly value: string
  readonly partition: number
  readonly producer: string
  /** Order of sending within producer and partition. */
  readonly order: number
  readonly isIdempotent: boolean
  state: 'unknown' | 'acknowledged' | 'refused'
  offset: number
}

export class History {
  readonly sent: Map<string, Sent> = new Map()
  /** Per partition: what was ever read at an offset. */
  readonly #read = new Map<number, Map<number, string>>()
  /** Per partition: the end behind the largest acknowledged offset. */
  readonly #ends = new Map<number, number>()
  readonly #atOffset = new Map<string, string>()
  readonly trace: string[] = []
  readonly #note: (line: string) => void

  /** `note` is told instead of the own trace. */
  constructor(note: (line: string) => void = (line) => void this.trace.push(line)) {
    this.#note = note
  }

  note(line: string): void {
    this.#note(line)
  }

  send(sent: Omit<Sent, 'state' | 'offset'>): Sent {
    const entry: Sent = { ...sent, state: 'unknown', offset: -1 }
    this.sent.set(sent.value, entry)
    return entry
  }

  /** W2: an offset is given once. W5: a retry gets the first answer. */
  acknowledge(sent: Sent, offset: number): void {
    if (sent.state === 'acknowledged') {
      assert.equal(offset, sent.offset, `W5: ${sent.value} was answered with two offsets`)
    }
    assert.notEqual(sent.state, 'refused', `W4: ${sent.value} was refused and then acknowledged`)
    const place = `${sent.partition}@${offset}`
    const other = this.#atOffset.get(place)
    assert.ok(
      other === undefined || other === sent.value,
      `W2: ${place} given to ${other} and ${sent.value}`,
    )
    this.#atOffset.set(place, sent.value)
    sent.state = 'acknowledged'
    this.note(`${sent.value} at ${place}`)
    sent.offset = offset
    this.#ends.set(sent.partition, Math.max(this.endOf(sent.partition), offset + 1))
  }

  /** The broker said that it is not written and never will be. */
  refuse(sent: Sent): void {
    if (sent.state === 'unknown') sent.state = 'refused'
  }

  endOf(partition: number): number {
    return this.#ends.get(partition) ?? 0
  }

  /** R2: an offset holds the same record for ever. */
  read(partition: number, offset: number, value: string): void {
    const known = this.#read.get(partition) ?? new Map<number, string>()
    this.#read.set(partition, known)
    const before = known.get(offset)
    assert.ok(
      before === undefined || before === value,
      `R2: ${partition}@${offset} was ${before}, is ${value}`,
    )
    known.set(offset, value)
    this.#ends.set(partition, Math.max(this.endOf(partition), offset + 1))
  }

  /**
   * Holds everything against the whole of the log, read at the end: from its beginning, or from
   * `starts` on where some of it was deleted.
   */
  check(
    logs: ReadonlyMap<number, readonly { offset: number; value: string }[]>,
    starts: ReadonlyMap<number, number> = new Map(),
  ): void {
    const found = new Map<string, { partition: number; offset: number }[]>()
    for (const [partition, records] of logs) {
      for (const { offset, value } of records) {
        this.read(partition, offset, value)
        const places = found.get(value) ?? []
        found.set(value, [...places, { partition, offset }])
      }
    }
    for (const sent of this.sent.values()) {
      const isDeleted = sent.offset >= 0 && sent.offset < (starts.get(sent.partition) ?? 0)
      if (!isDeleted) this.#checkSent(sent, found.get(sent.value) ?? [])
    }
    for (const value of found.keys()) assert.ok(this.sent.has(value), `nobody sent ${value}`)
    this.#checkOrder(logs)
  }

  #checkSent(sent: Sent, places: readonly { partition: number; offset: number }[]): void {
    const told = `${sent.value} (${sent.state})`
    assert.ok(places.length <= 1, `W5: ${told} appears ${places.length} times`)
    const [place] = places
    if (sent.state === 'acknowledged') {
      assert.ok(place !== undefined, `W1: ${told} at ${sent.partition}@${sent.offset} is lost`)
      assert.deepEqual(place, { partition: sent.partition, offset: sent.offset }, `W2: ${told}`)
    }
    if (sent.state === 'refused') assert.equal(place, undefined, `W4: ${told} appears all the same`)
  }

  /** W6: records of one idempotent producer stand in the order of sending. */
  #checkOrder(logs: ReadonlyMap<number, readonly { offset: number; value: string }[]>): void {
    for (const [partition, records] of logs) {
      const last = new Map<string, number>()
      for (const { value } of records) {
        const sent = this.sent.get(value)
        if (sent === undefined || !sent.isIdempotent) continue
        const before = last.get(sent.producer) ?? -1
        assert.ok(sent.order > before, `W6: ${value} in partition ${partition} behind ${before}`)
        last.set(sent.producer, sent.order)
      }
    }
  }
}
