import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObjectPriority } from '../../src/objects/object-store.ts'
import { modelLatency } from '../support/s3-proxy.ts'
import { useServer, type OpenedBucket } from './bucket.ts'

const server = useServer()

function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/** Milliseconds of `count` operations, eight at once. */
async function timed(count: number, run: (at: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let at = next++; at < count; at = next++) {
      const begun = performance.now()
      await run(at)
      times.push(performance.now() - begun)
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
  return times
}

function hedgeShare({ seen }: OpenedBucket, verb: 'put' | 'get'): number {
  const operations = seen.filter((each) => each.verb === verb)
  return operations.reduce((all, { hedges }) => all + hedges, 0) / operations.length
}

test('behind the model of S3, hedges shorten the tail and stay within their budget', async (t) => {
  const bytes = Buffer.alloc(64 * 1024, 1)
  const figures: Record<string, number> = {}
  for (const priority of ['background', 'tail'] satisfies ObjectPriority[]) {
    const opened = await server.open()
    const call = { priority }
    // The first 400 teach the policy what is usual.
    server.proxy.latency = modelLatency
    await timed(400, (at) => opened.store.put(`warm/${at}`, [bytes], call))
    await timed(400, (at) => opened.store.read(`warm/${at}`, 0, bytes.length, call))
    opened.seen.length = 0
    // One in fifty is very slow, and the same again would not be.
    server.proxy.shares = [{ share: 0.02, fault: { kind: 'delay', ms: 1_000 } }]
    const puts = await timed(800, (at) => opened.store.put(`o/${at}`, [bytes], call))
    const gets = await timed(800, (at) => opened.store.read(`o/${at}`, 0, bytes.length, call))
    figures[`put p99, ${priority}`] = percentile(puts, 0.99)
    figures[`get p99, ${priority}`] = percentile(gets, 0.99)
    figures[`hedged puts, ${priority}`] = hedgeShare(opened, 'put')
    figures[`hedged gets, ${priority}`] = hedgeShare(opened, 'get')
    await opened.store.close()
  }
  t.diagnostic(JSON.stringify(figures))
  assert.equal(figures['hedged puts, background'], 0)
  assert.ok((figures['hedged puts, tail'] ?? 1) <= 0.05 + 5 / 800)
  assert.ok((figures['hedged gets, tail'] ?? 1) <= 0.1 + 5 / 800)
  assert.ok((figures['put p99, background'] ?? 0) > 900)
  assert.ok((figures['put p99, tail'] ?? 0) < 600)
  assert.ok((figures['get p99, tail'] ?? 0) < 400)
})

test('a hundred reads of jobs do not hold up the tail', async () => {
  const { store, seen } = await server.open()
  await store.put('o', [Buffer.alloc(1_000)])
  server.proxy.latency = { GET: { p50Ms: 1_000, p99Ms: 1_001 } }
  const jobs = Array.from({ length: 100 }, () => store.read('o', 0, 10, { priority: 'background' }))
  await store.read('o', 0, 10, { priority: 'tail' })
  await Promise.all(jobs)
  // Behind even one of them it would be two seconds.
  const ms = seen.find(({ verb, priority }) => verb === 'get' && priority === 'tail')?.ms ?? 0
  assert.ok(ms < 1_800, `the tail waited ${ms} ms`)
  await store.close()
})
