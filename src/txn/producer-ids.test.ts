import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { isFailure } from '../base/errors.ts'
import type { MemoryFault } from '../catalog/memory-faults.ts'
import { openMemoryDatabase } from '../catalog/memory-database.ts'
import { ProducerIds } from './producer-ids.ts'

test('ids are given once, whoever asks, however many at once, and across brokers', async () => {
  const database = openMemoryDatabase({ clock: new VirtualClock() })
  const brokers = [new ProducerIds(database), new ProducerIds(database)]
  const asked = Array.from({ length: 5_000 }, (_, index) => brokers[index % 2]!.next())
  const ids = await Promise.all(asked)
  assert.equal(new Set(ids).size, 5_000)
})

test('a draw that fails gives no id, one whose answer is lost leaves a gap', async () => {
  let fault: MemoryFault | undefined
  const hooks = { fault: ({ at }: { at: string }) => (at === 'commit' ? fault : undefined) }
  const ids = new ProducerIds(openMemoryDatabase({ clock: new VirtualClock(), hooks }))
  fault = { fault: 'fail' }
  await assert.rejects(ids.next(), (error) => isFailure(error))
  fault = { fault: 'lose-answer' }
  await assert.rejects(ids.next(), (error) => isFailure(error, 'unknown-outcome'))
  fault = undefined
  assert.equal(await ids.next(), 1)
  assert.equal(await ids.next(), 2)
})

test('who asks later gets a higher id, at whichever broker', async () => {
  const database = openMemoryDatabase({ clock: new VirtualClock() })
  const brokers = [new ProducerIds(database), new ProducerIds(database)]
  let last = -1
  for (let turn = 0; turn < 10; turn++) {
    const id = await brokers[turn % 2]!.next()
    assert.ok(id > last)
    last = id
  }
})
