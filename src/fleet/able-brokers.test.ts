/** Story: a bucket took nothing for seconds, and clients were sent from broker to broker. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BrokerRow } from '../catalog/schema-fleet.ts'
import { AbleBrokers, relieveMs } from './able-brokers.ts'

function row(nodeId: number, state: BrokerRow['state'], incarnation = nodeId): BrokerRow {
  const place = { name: `b${nodeId}`, host: `b${nodeId}`, port: 9092, rack: '' }
  const times = { startedMs: 0, heartbeatMs: 0, placementVersion: 1 }
  return { nodeId, incarnation, state, ...place, ...times, load: '[]' }
}

class Heard {
  readonly #able = new AbleBrokers()
  #nowMs = 0

  /** So much later the brokers are in these states; returns the ids of those that are able. */
  after(ms: number, rows: readonly BrokerRow[], placed: readonly number[] = [1, 2, 3]): number[] {
    this.#nowMs += ms
    this.#able.hear(rows, this.#nowMs)
    return this.#able.among(rows, new Set(placed)).map(({ nodeId }) => nodeId)
  }
}

const all = (...states: readonly BrokerRow['state'][]): BrokerRow[] =>
  states.map((state, at) => row(at + 1, state))

test('a bucket that takes nothing from anybody moves nobody, however they find out', () => {
  const heard = new Heard()
  heard.after(0, all('serving', 'serving', 'serving'))
  assert.deepEqual(heard.after(60_000, all('impaired', 'serving', 'serving')), [1, 2, 3])
  assert.deepEqual(heard.after(2_000, all('impaired', 'impaired', 'serving')), [1, 2, 3])
  assert.deepEqual(heard.after(500, all('impaired', 'impaired', 'impaired')), [1, 2, 3])
  assert.deepEqual(heard.after(60_000, all('impaired', 'impaired', 'impaired')), [1, 2, 3])
  // It is over: one after the other finds out.
  assert.deepEqual(heard.after(500, all('impaired', 'serving', 'impaired')), [1, 2, 3])
  assert.deepEqual(heard.after(2_000, all('serving', 'serving', 'impaired')), [1, 2, 3])
  assert.deepEqual(heard.after(500, all('serving', 'serving', 'serving')), [1, 2, 3])
})

test('one that alone cannot write is relieved, stays so, and is back once it can', () => {
  const heard = new Heard()
  heard.after(0, all('serving', 'serving', 'serving'))
  assert.deepEqual(heard.after(60_000, all('serving', 'impaired', 'serving')), [1, 2, 3])
  const later = relieveMs - 1
  assert.deepEqual(heard.after(later, all('serving', 'impaired', 'serving')), [1, 2, 3])
  assert.deepEqual(heard.after(1, all('serving', 'impaired', 'serving')), [1, 3])
  assert.deepEqual(heard.after(500, all('serving', 'impaired', 'serving'), [1, 3]), [1, 3])
  assert.deepEqual(heard.after(500, all('serving', 'serving', 'serving'), [1, 3]), [1, 2, 3])
})

test('who has just begun to look sends nobody away, and nobody to who is impaired', () => {
  const heard = new Heard()
  assert.deepEqual(heard.after(0, all('serving', 'impaired', 'impaired'), [1, 2]), [1, 2])
})

test('another process of its name, or another state, begins anew', () => {
  const heard = new Heard()
  heard.after(0, all('serving', 'impaired'))
  const again = [row(1, 'serving'), row(2, 'impaired', 9)]
  assert.deepEqual(heard.after(relieveMs, again), [1, 2])
  assert.deepEqual(heard.after(relieveMs, again), [1])
})

test('who drains or has stopped is not able', () => {
  const heard = new Heard()
  assert.deepEqual(heard.after(0, all('draining', 'stopped', 'serving')), [3])
})
