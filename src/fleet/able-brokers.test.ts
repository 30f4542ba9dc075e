/** Story: a bucket took nothing for seconds, and clients were sent from broker to broker. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BrokerRow } from '../catalog/schema-fleet.ts'
import { AbleBrokers, relieveMs, returnMs } from './able-brokers.ts'

type State = BrokerRow['state']

function row(nodeId: number, state: State, writtenMs: number, incarnation = nodeId): BrokerRow {
  const place = { name: `b${nodeId}`, host: `b${nodeId}`, port: 9092, rack: '' }
  const times = { startedMs: 0, heartbeatMs: 0, placementVersion: 1, writtenMs }
  return { nodeId, incarnation, state, ...place, ...times, load: '[]' }
}

class Heard {
  readonly #able = new AbleBrokers()
  nowMs = 0

  rows(rows: readonly BrokerRow[], placed: readonly number[] = [1, 2, 3]): number[] {
    this.#able.hear(rows, this.nowMs)
    return this.#able.among(rows, new Set(placed)).map(({ nodeId }) => nodeId)
  }

  /** So much later brokers are in these states; who serves has just written. */
  after(ms: number, ...states: readonly State[]): number[] {
    this.nowMs += ms
    return this.rows(
      states.map((state, at) => row(at + 1, state, state === 'serving' ? this.nowMs : 0)),
    )
  }
}

test('a bucket that takes nothing from anybody moves nobody, however they find out', () => {
  const heard = new Heard()
  const stale = (...states: readonly State[]): number[] => {
    heard.nowMs += 1_500
    return heard.rows(states.map((state, at) => row(at + 1, state, 500)))
  }
  heard.after(1_000, 'serving', 'serving', 'serving')
  assert.deepEqual(stale('impaired', 'serving', 'serving'), [1, 2, 3])
  for (let times = 0; times < 9; times++) {
    assert.deepEqual(stale('impaired', 'impaired', 'serving'), [1, 2, 3], 'b3 writes nothing')
  }
  assert.deepEqual(stale('impaired', 'impaired', 'impaired'), [1, 2, 3])
  // It is over: one after the other finds out.
  assert.deepEqual(heard.after(60_000, 'impaired', 'serving', 'impaired'), [1, 2, 3])
  assert.deepEqual(heard.after(relieveMs - 1, 'serving', 'serving', 'impaired'), [1, 2, 3])
  assert.deepEqual(heard.after(500, 'serving', 'serving', 'serving'), [1, 2, 3])
})

test('one that alone cannot write is relieved, and is back once it could for a while', () => {
  const heard = new Heard()
  heard.after(1_000, 'serving', 'serving', 'serving')
  assert.deepEqual(heard.after(500, 'serving', 'impaired', 'serving'), [1, 2, 3])
  assert.deepEqual(heard.after(500, 'serving', 'impaired', 'serving'), [1, 2, 3], 'proven now')
  assert.deepEqual(heard.after(relieveMs - 1, 'serving', 'impaired', 'serving'), [1, 2, 3])
  assert.deepEqual(heard.after(1, 'serving', 'impaired', 'serving'), [1, 3])
  assert.deepEqual(heard.after(60_000, 'serving', 'impaired', 'serving'), [1, 3])
  assert.deepEqual(heard.after(500, 'serving', 'serving', 'serving'), [1, 3])
  assert.deepEqual(heard.after(returnMs - 1, 'serving', 'serving', 'serving'), [1, 3])
  assert.deepEqual(heard.after(1, 'serving', 'serving', 'serving'), [1, 2, 3])
})

test('who was relieved is able again as a new process, and while nobody else is', () => {
  const heard = new Heard()
  heard.after(1_000, 'serving', 'impaired')
  heard.after(500, 'serving', 'impaired')
  assert.deepEqual(heard.after(relieveMs, 'serving', 'impaired'), [1])
  assert.deepEqual(heard.after(500, 'draining', 'impaired'), [2])
  assert.deepEqual(heard.after(500, 'serving', 'impaired'), [1])
  assert.deepEqual(heard.rows([row(1, 'serving', 0), row(2, 'serving', 0, 9)]), [1, 2])
})

test('a proof ends with the last that could write', () => {
  const heard = new Heard()
  heard.after(1_000, 'serving', 'impaired')
  heard.after(500, 'serving', 'impaired')
  heard.after(relieveMs - 1, 'impaired', 'impaired')
  assert.deepEqual(heard.after(500, 'serving', 'impaired'), [1, 2])
})

test('nobody is sent to who is impaired and has no clients, or drains', () => {
  const heard = new Heard()
  heard.nowMs = 1_000
  const [serving, impaired] = [row(1, 'serving', 0), row(2, 'impaired', 0)]
  assert.deepEqual(heard.rows([serving, impaired, row(3, 'draining', 0)], [1, 3]), [1])
})
