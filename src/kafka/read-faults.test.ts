import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Log, LogFields } from '../base/log.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { ReadFaults } from './read-faults.ts'

test('a partition that cannot be read is told of by name, and not at every try', async () => {
  const clock = new VirtualClock()
  const lines: LogFields[] = []
  const note = (fields: LogFields): void => void lines.push(fields)
  const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log }
  const faults = new ReadFaults(clock, log)
  const fault = { topic: 'orders', partition: 3, fetchOffset: 17, error: 'packed-1: gone' }
  for (let turn = 0; turn < 100; turn++) {
    faults.met(8, fault)
    await clock.advance(100)
  }
  assert.deepEqual(lines, [{ ...fault, partitionId: 8 }])
  faults.met(9, { ...fault, partition: 4 })
  faults.met(8, fault)
  assert.deepEqual(
    lines.map(({ partition }) => partition),
    [3, 4, 3],
  )
})
