import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { S3OperationSeen } from '../objects/s3/s3-requests.ts'
import { exposition } from './exposition.ts'
import { ObjectStoreMetrics } from './object-store-metrics.ts'

const put: S3OperationSeen = {
  verb: 'put',
  priority: 'tail',
  ms: 45,
  bytes: 8_000,
  outcome: 'ok',
  requests: 2,
  retries: 0,
  hedges: 1,
}

test('what a bucket was asked for is printed by verb', () => {
  const metrics = new ObjectStoreMetrics()
  metrics.seen(put)
  metrics.seen({ ...put, outcome: 'unavailable', requests: 6, retries: 5, hedges: 0 })
  metrics.seen({ ...put, verb: 'list', priority: 'background', bytes: 0, requests: 1, hedges: 0 })
  const lines = exposition(new Map(metrics.samples())).split('\n')
  for (const line of [
    'karst_object_store_operations_total{verb="put",outcome="ok"} 1',
    'karst_object_store_operations_total{verb="put",outcome="unavailable"} 1',
    'karst_object_store_bytes_total{verb="put"} 8000',
    'karst_object_store_requests_total{verb="put"} 8',
    'karst_object_store_requests_total{verb="list"} 1',
    'karst_object_store_retries_total{verb="put"} 5',
    'karst_object_store_hedges_total{verb="put"} 1',
    'karst_object_store_seconds_bucket{verb="put",priority="tail",le="0.04"} 0',
    'karst_object_store_seconds_bucket{verb="put",priority="tail",le="0.06"} 2',
  ]) {
    assert.ok(lines.includes(line), `${line}\n${lines.join('\n')}`)
  }
})
