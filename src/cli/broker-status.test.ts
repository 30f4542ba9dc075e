import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure } from '../base/errors.ts'
import type { ClusterView } from '../fleet/cluster-view.ts'
import type { Server } from '../server.ts'
import { BrokerStatus } from './broker-status.ts'

const never = { onCutOff: () => () => undefined }

const server = (
  answer: () => Promise<never[]>,
  unheard: () => string | undefined = () => undefined,
  cluster: Pick<ClusterView, 'onCutOff'> = never,
): Server =>
  ({ broker: { logs: { freshPartitions: answer }, cluster }, unheard }) as unknown as Server
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
  status.server = server(
    () => Promise.resolve([]),
    () => 'the others do not hear of it',
  )
  assert.equal(await status.notReady(), 'the others do not hear of it')
  status.isStopping = true
  assert.equal(await status.notReady(), 'stopping')
})

test('a broker that is cut off says so, and does not wait for its catalog', async () => {
  const status = new BrokerStatus()
  status.otlp = otlp
  const told: string[] = []
  let hear = (): void => assert.fail('nobody listens')
  const onCutOff = (heard: () => void) => {
    hear = heard
    return () => undefined
  }
  const hangs = (): Promise<never[]> => Promise.withResolvers<never[]>().promise
  status.server = server(hangs, () => told[0], { onCutOff })
  const asked = status.notReady()
  told.push('the others do not hear of it')
  hear()
  assert.equal(await asked, told[0])
})

test('metrics are there before the broker is', async () => {
  const { body } = await new BrokerStatus().metrics()
  assert.match(body, /^process_resident_memory_bytes \d+$/m)
})
