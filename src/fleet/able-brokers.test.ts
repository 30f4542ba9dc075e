/** Story: a bucket took nothing for seconds, and clients were sent from broker to broker. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BrokerRow } from '../catalog/schema-fleet.ts'
import { AbleBrokers, relieveMs, returnMs } from './able-brokers.ts'

type State = BrokerRow['state']

/** 'writes': serving, and it has written since it was heard of before. */
type Told = State | 'writes'

class Heard {
  readonly #able = new AbleBrokers()
  readonly #writes = new Map<number, number>()
  readonly #placed: ReadonlySet<number>
  #nowMs = 1_000

  constructor(...placed: readonly number[]) {
    this.#placed = new Set(placed)
  }

  row(nodeId: number, told: Told, incarnation = nodeId): BrokerRow {
    const writes = (this.#writes.get(nodeId) ?? 0) + (told === 'writes' ? 1 : 0)
    this.#writes.set(nodeId, writes)
    const place = { name: `b${nodeId}`, host: `b${nodeId}`, port: 9092, rack: '' }
    const rest = { startedMs: 0, heartbeatMs: 0, placementVersion: 1, load: '[]' }
    const state = told === 'writes' ? 'serving' : told
    return { nodeId, incarnation, state, bucketWrites: writes, ...place, ...rest }
  }

  rows(ms: number, rows: readonly BrokerRow[]): number[] {
    this.#nowMs += ms
    this.#able.hear(rows, this.#nowMs)
    return this.#able.among(rows, this.#placed).map(({ nodeId }) => nodeId)
  }

  after(ms: number, ...told: readonly Told[]): number[] {
    return this.rows(
      ms,
      told.map((each, at) => this.row(at + 1, each)),
    )
  }
}

test('a bucket that takes nothing from anybody moves nobody, however they find out', () => {
  const heard = new Heard(1, 2, 3)
  heard.after(500, 'writes', 'writes', 'writes')
  assert.deepEqual(heard.after(500, 'impaired', 'writes', 'writes'), [1, 2, 3])
  assert.deepEqual(heard.after(500, 'impaired', 'writes', 'serving'), [1, 2, 3], 'the last write')
  assert.deepEqual(heard.after(60_000, 'impaired', 'serving', 'serving'), [1, 2, 3])
  assert.deepEqual(heard.after(60_000, 'impaired', 'impaired', 'impaired'), [1, 2, 3])
})

test('its end moves nobody either, if all find out in time', () => {
  const heard = new Heard(1, 2, 3)
  heard.after(500, 'impaired', 'impaired', 'impaired')
  assert.deepEqual(heard.after(60_000, 'impaired', 'writes', 'impaired'), [1, 2, 3])
  assert.deepEqual(heard.after(relieveMs - 1, 'serving', 'writes', 'impaired'), [1, 2, 3])
  assert.deepEqual(heard.after(500, 'serving', 'writes', 'serving'), [1, 2, 3])
})

test('one that alone cannot write is relieved, and is back when it could for a while', () => {
  const heard = new Heard(1, 2, 3)
  heard.after(500, 'writes', 'writes', 'writes')
  assert.deepEqual(heard.after(500, 'writes', 'impaired', 'writes'), [1, 2, 3])
  assert.deepEqual(heard.after(500, 'writes', 'impaired', 'serving'), [1, 2, 3])
  assert.deepEqual(heard.after(relieveMs - 1, 'writes', 'impaired', 'serving'), [1, 2, 3])
  assert.deepEqual(heard.after(1, 'writes', 'impaired', 'serving'), [1, 3])
  assert.deepEqual(heard.after(60_000, 'writes', 'impaired', 'serving'), [1, 3])
  for (const wait of [returnMs, 2 * returnMs, 4 * returnMs]) {
    assert.deepEqual(heard.after(500, 'writes', 'serving', 'serving'), [1, 3])
    assert.deepEqual(heard.after(wait - 1, 'writes', 'serving', 'serving'), [1, 3])
    assert.deepEqual(heard.after(1, 'writes', 'serving', 'serving'), [1, 2, 3], `${wait}`)
    for (let beat = 0; beat < 7; beat++) heard.after(500, 'writes', 'impaired', 'serving')
  }
})

test('who can write now and then only is relieved all the same', () => {
  const heard = new Heard(1, 2)
  let able: number[] = []
  for (let beat = 0; beat < 12; beat++) {
    able = heard.after(500, 'writes', beat % 3 === 2 ? 'writes' : 'impaired')
  }
  assert.deepEqual(able, [1])
})

test('who was relieved is able again as a new process, and while nobody else is', () => {
  const heard = new Heard(1, 2, 3)
  for (let beat = 0; beat < 8; beat++) heard.after(500, 'writes', 'impaired', 'impaired')
  assert.deepEqual(heard.after(500, 'writes', 'impaired', 'impaired'), [1])
  assert.deepEqual(heard.after(500, 'draining', 'impaired', 'impaired'), [2, 3])
  assert.deepEqual(heard.after(500, 'draining', 'serving', 'impaired'), [2])
  assert.deepEqual(heard.after(500, 'serving', 'serving', 'impaired'), [1])
  const again = [heard.row(1, 'serving'), heard.row(2, 'serving', 9), heard.row(3, 'impaired')]
  assert.deepEqual(heard.rows(500, again), [1, 2])
})

test('nobody is sent to who is impaired and has no clients, or drains', () => {
  assert.deepEqual(new Heard(1, 3).after(500, 'serving', 'impaired', 'draining'), [1])
})
