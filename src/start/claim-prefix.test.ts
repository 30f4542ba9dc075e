import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { MemoryObjectStore } from '../objects/memory-object-store.ts'
import { claimPrefix } from './claim-prefix.ts'

test('a prefix belongs to the cluster that came first', async () => {
  const objects = new MemoryObjectStore({ clock: new VirtualClock() })
  await Promise.all([claimPrefix(objects, 'one', 's3://b'), claimPrefix(objects, 'one', 's3://b')])
  await claimPrefix(objects, 'one', 's3://b')
  await assert.rejects(claimPrefix(objects, 'two', 's3://b'), {
    kind: 'conflict',
    message: /s3:\/\/b belongs to cluster one, and the catalog is of cluster two/,
  })
})

test('a marker that says nothing is not taken for ours', async () => {
  const objects = new MemoryObjectStore({ clock: new VirtualClock() })
  await objects.put('karst-cluster', [new TextEncoder().encode('{')])
  await assert.rejects(claimPrefix(objects, 'one', 's3://b'), { kind: 'conflict' })
})
