/** A client whose partition's leader is gone finds the next one. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { BrokerProcess } from '../../test/support/broker-process.ts'
import { here } from '../../test/support/karst-command.ts'
import { systemClock } from '../base/system-clock.ts'
import { parseAddress } from '../config/address.ts'
import { KafkaClient } from './kafka-client.ts'
import { nodeDial } from './node-dial.ts'
import { offsetTimes, readOffsets } from './partition-offsets.ts'

test('a leader that does not answer is looked for anew', async () => {
  const dataFolder = await mkdtemp(path.join(tmpdir(), 'karst-client-'))
  const first = await BrokerProcess.start({ dataFolder })
  await here(first.bootstrap, ['topic', 'create', 'events', '-p', '1'])
  await here(first.bootstrap, ['produce', 'events', '-v', 'one'])
  const bootstrap = [parseAddress(first.bootstrap) ?? assert.fail()]
  const client = new KafkaClient({
    ...{ bootstrap, dial: nodeDial, clock: systemClock, clientId: 'test' },
    ...{ connectTimeoutMs: 1_000, requestTimeoutMs: 1_000, retryMs: 3_000 },
  })
  const query = [{ topic: 'events', partition: 0, timeMs: offsetTimes.latest }]
  assert.deepEqual(await readOffsets(client, query), [1])
  await first.kill()
  // The same records at another address, as when another broker takes over.
  const second = await BrokerProcess.start({ dataFolder })
  assert.notEqual(second.bootstrap, first.bootstrap)
  bootstrap.push(parseAddress(second.bootstrap) ?? assert.fail())
  try {
    assert.deepEqual(await readOffsets(client, query), [1])
  } finally {
    client.close()
    await second.close()
    await rm(dataFolder, { recursive: true, force: true })
  }
})
