import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure } from '../base/errors.ts'
import type { Server } from '../server.ts'
import { BrokerStatus } from './broker-status.ts'

const server = (answer: () => Promise<never[]>, unheard?: string): Server =>
  ({ broker: { logs: { freshPartitions: answer } }, unheard: () => unheard }) as unknown as Server
const otlp = { usedBytes: () => 0, limitBytes: 1 }

test('a broker is ready between its start and its stop, while its catalog answers', async () => {
  const status = new BrokerStatus()
  assert.equal(await status.notReady(), 'starting')
  status.server = server(() => Promise.resolve([]))
  assert.equal(await status.notReady(), 'starting')
  status.otlp = otlp
  assert.equal(await status.notReady(), undefined)
  status.server = server(() => Promise.reject(new Failure('unavailable', 'the disk is gone')))
  assert.equal(await status.notReady(), 'the disk is gone')
  status.server = server(() => Promise.resolve([]), 'the others do not hear of it')
  assert.equal(await status.notReady(), 'the others do not hear of it')
  status.isStopping = true
  assert.equal(await status.notReady(), 'stopping')
})

test('metrics are there before the broker is', async () => {
  const { body } = await new BrokerStatus().metrics()
  assert.match(body, /^process_resident_memory_bytes \d+$/m)
})
