import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStream } from '../../test/support/memory-stream.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import type { Hold } from '../base/hold.ts'
import { silentLog } from '../base/log.ts'
import { Connection } from './connection.ts'
import { MemoryBudget } from './memory-budget.ts'
import type { Reply } from './request.ts'
import { type Slab, SlabPool } from './slab.ts'

const clock = new VirtualClock()
const settle = (): Promise<void> => clock.settle()
const quiet = { idleMsMax: 1_000, stallMsMax: 300 }

interface Served {
  readonly frame: Uint8Array
  /** The number that the test gave the request. */
  readonly number: number
  readonly hold: Hold
  readonly signal: AbortSignal
  readonly next: () => void
  readonly answer: (reply: Reply) => void
}

/** A pool that tells which slabs are not back yet. */
class CountedPool extends SlabPool {
  readonly taken = new Set<Slab>()

  override take(size: 'small' | 'large' | number): Slab {
    const slab = super.take(size)
    this.taken.add(slab)
    return slab
  }

  /** Slabs that somebody still holds: a free one is poisoned. */
  get heldCount(): number {
    return [...this.taken].filter(({ bytes }) => bytes.some((byte) => byte !== 0xdd)).length
  }
}

class Line {
  readonly stream = new MemoryStream()
  readonly served: Served[] = []
  readonly pool = new CountedPool({
    smallBytes: 8_192,
    largeBytes: 16_384,
    pooledBytesMax: 0,
    poison: true,
  })
  readonly connection: Connection
  closedCount = 0

  constructor(produceBudget = new MemoryBudget(100_000), otherBudget = new MemoryBudget(100_000)) {
    this.connection = new Connection(this.stream, {
      pool: this.pool,
      frameBytesMax: 50_000,
      produceBudget,
      otherBudget,
      pipelineMax: 4,
      clock,
      log: silentLog,
      serve: (frame, _peer, hold, signal, next) => {
        const { promise, resolve } = Promise.withResolvers<Reply>()
        const number = frame[2] as number
        this.served.push({ frame, number, hold, signal, next, answer: resolve })
        return promise
      },
      closed: () => void this.closedCount++,
    })
  }

  get numbers(): number[] {
    return this.served.map(({ number }) => number)
  }

  get answers(): string[] {
    return this.stream.sent.map((bytes) => bytes.toString())
  }

  answer(number: number, text = `answer ${number}`): void {
    const request = this.served.find((each) => each.number === number)
    request?.answer({ chunks: [Buffer.from(text)] })
  }
}

function request(number: number, size = 20, apiKey = 3): Buffer {
  const bytes = Buffer.alloc(4 + size, number)
  bytes.writeInt32BE(size, 0)
  bytes.writeInt16BE(apiKey, 4)
  return bytes
}

test('requests run one after another where they do not let the next begin', async () => {
  const line = new Line()
  line.stream.put(Buffer.concat([request(1), request(2), request(3)]))
  assert.deepEqual(line.numbers, [1])
  line.answer(1)
  await settle()
  assert.deepEqual(line.numbers, [1, 2])
  line.answer(2)
  await settle()
  line.answer(3)
  await settle()
  assert.deepEqual(line.answers, ['answer 1', 'answer 2', 'answer 3'])
})

test('answers keep the order of the requests, and share a write when they are ready', async () => {
  const line = new Line()
  line.stream.put(Buffer.concat([request(1), request(2), request(3)]))
  for (const number of [1, 2, 3]) line.served.find((each) => each.number === number)?.next()
  assert.deepEqual(line.numbers, [1, 2, 3])
  line.answer(3)
  line.answer(2)
  await settle()
  assert.deepEqual(line.answers, [])
  line.answer(1)
  await settle()
  assert.deepEqual(line.answers, ['answer 1answer 2answer 3'])
})

test('large answers are written one by one', async () => {
  const line = new Line()
  line.stream.put(Buffer.concat([request(1), request(2), request(3)]))
  for (const number of [1, 2, 3]) line.served.find((each) => each.number === number)?.next()
  for (const number of [1, 2, 3]) line.answer(number, String(number).repeat(262_144))
  await settle()
  assert.deepEqual(
    line.answers.map((answer) => [answer[0], answer.length]),
    [1, 2, 3].map((number) => [String(number), 262_144]),
  )
})

test('a request without an answer does not hold up what follows', async () => {
  const line = new Line()
  line.stream.put(Buffer.concat([request(1), request(2)]))
  line.served[0]?.answer('silent')
  await settle()
  line.answer(2)
  await settle()
  assert.deepEqual(line.answers, ['answer 2'])
})

test('beyond the limit of the pipeline nothing is read until an answer is sent', async () => {
  const line = new Line()
  const all = [1, 2, 3, 4, 5, 6, 7].map((number) => request(number))
  line.stream.put(Buffer.concat(all))
  assert.ok(line.stream.isPaused)
  for (let number = 1; number <= 7; number++) {
    line.answer(number)
    await settle()
  }
  assert.equal(line.answers.length, 7)
  assert.ok(!line.stream.isPaused)
})

test('when produced bytes are at their limit only connections that produce wait', async () => {
  const produceBudget = new MemoryBudget(10_000)
  const otherBudget = new MemoryBudget(10_000)
  const first = new Line(produceBudget, otherBudget)
  const second = new Line(produceBudget, otherBudget)
  const third = new Line(produceBudget, otherBudget)
  first.stream.put(request(1, 9_000, 0))
  second.stream.put(request(2, 9_000, 0), 3_000)
  third.stream.put(request(3, 9_000, 1))
  assert.ok(second.stream.isPaused)
  assert.deepEqual(third.numbers, [3])
  assert.deepEqual(second.numbers, [])
  first.answer(1)
  await settle()
  assert.deepEqual(second.numbers, [2])
  assert.ok(
    second.served[0]?.frame.subarray(2).every((byte) => byte === 2),
    'nothing was lost',
  )
  assert.equal(produceBudget.usedBytes, 9_000)
})

test('a connection that ends while it waits for memory gives its place up', async () => {
  const produceBudget = new MemoryBudget(10_000)
  const [first, second, third] = [1, 2, 3].map(() => new Line(produceBudget)) as [Line, Line, Line]
  first.stream.put(request(1, 9_000, 0))
  second.stream.put(request(2, 9_500, 0))
  third.stream.put(request(3, 900, 0))
  assert.deepEqual(third.numbers, [])
  second.stream.lose()
  await settle()
  assert.deepEqual(third.numbers, [3])
  first.answer(1)
  third.answer(3)
  await settle()
  assert.equal(produceBudget.usedBytes, 0)
})

for (const isTogether of [false, true]) {
  const how = isTogether ? 'in one write' : 'one behind the other'
  test(`a connection that ends gives everything back, answers ${how}`, () => ending(isTogether))
}

async function ending(isTogether: boolean): Promise<void> {
  const budget = new MemoryBudget(100_000)
  const line = new Line(budget, budget)
  line.stream.isRead = false
  line.stream.put(Buffer.concat([request(1), request(2, 9_000, 0), request(3), request(4)]))
  let released = 0
  const answer = { chunks: [Buffer.from('x')], release: () => void released++ }
  line.served[0]?.next()
  line.served[1]?.next()
  line.served[0]?.answer(answer) // being written
  if (!isTogether) await settle()
  line.served[1]?.answer(answer) // with it, or ready behind it
  await settle()
  line.stream.put(request(5, 40_000).subarray(0, 20_000)) // a fifth waits for the pipeline
  line.stream.lose(new Error('reset'))
  await settle()
  assert.ok(line.served[2]?.signal.aborted)
  line.served[2]?.answer(answer) // answered when nobody reads any more
  await settle()
  assert.equal(released, 3)
  assert.equal(budget.usedBytes, 0)
  assert.equal(line.pool.heldCount, 0)
  assert.equal(line.closedCount, 1)
}

test('memory taken for a frame that never becomes whole is given back', async () => {
  const budget = new MemoryBudget(100_000)
  const line = new Line(budget)
  line.stream.put(request(1, 40_000, 0).subarray(0, 10_000))
  assert.equal(budget.usedBytes, 40_000)
  line.stream.lose()
  await settle()
  assert.equal(budget.usedBytes, 0)
  assert.equal(line.pool.heldCount, 0)
})

test('an answer that ends the connection is the last: nothing more is read or begun', async () => {
  const line = new Line()
  line.stream.put(Buffer.concat([request(1), request(2)]))
  line.served[0]?.answer('close')
  await settle()
  line.stream.put(request(3))
  assert.deepEqual(line.numbers, [1])
  assert.deepEqual(line.stream.ends, ['close'])
  assert.equal(line.closedCount, 1)
})

test('a frame of an impossible size ends its connection, and takes no memory', async () => {
  const budget = new MemoryBudget(100_000)
  const line = new Line(budget, budget)
  line.stream.put(Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 0, 1, 2]))
  await settle()
  assert.deepEqual(line.stream.ends, ['close'])
  assert.equal(budget.usedBytes, 0)
})

test('draining answers what was read and tells those who wait for time to pass', async () => {
  const line = new Line()
  line.stream.put(Buffer.concat([request(1), request(2)]))
  line.connection.drain()
  assert.ok(line.served[0]?.signal.aborted)
  line.stream.put(request(3))
  line.answer(1)
  await settle()
  line.answer(2)
  await settle()
  assert.deepEqual(line.answers, ['answer 1', 'answer 2'])
  assert.deepEqual(line.stream.ends, ['close'])
  assert.deepEqual(line.numbers, [1, 2])
})

test('a client that does not read its answer is cut off', async () => {
  const line = new Line()
  line.stream.isRead = false
  line.stream.put(request(1))
  line.answer(1)
  await settle()
  line.connection.sweep(0, quiet)
  line.connection.sweep(299, quiet)
  assert.deepEqual(line.stream.ends, [])
  line.connection.sweep(300, quiet)
  assert.deepEqual(line.stream.ends, ['abort'])
})

test('who stops in the middle of a frame is cut off, who goes on is not', async () => {
  const line = new Line()
  const sent = request(1, 10_000, 0)
  line.stream.put(sent.subarray(0, 5_000))
  line.connection.sweep(0, quiet)
  line.stream.put(sent.subarray(5_000, 5_001))
  line.connection.sweep(300, quiet)
  line.connection.sweep(599, quiet)
  assert.deepEqual(line.stream.ends, [])
  line.connection.sweep(600, quiet)
  assert.deepEqual(line.stream.ends, ['abort'])
})

test('an idle connection ends; one whose request is under way may be quiet for long', async () => {
  const [idle, busy] = [new Line(), new Line()]
  busy.stream.put(request(1))
  for (const line of [idle, busy]) {
    line.connection.sweep(0, quiet)
    line.connection.sweep(1_000, quiet)
  }
  assert.deepEqual(idle.stream.ends, ['close'])
  assert.deepEqual(busy.stream.ends, [])
})

test('who does not read keeps a closing connection open no longer than a stall', async () => {
  const line = new Line()
  line.stream.isRead = false
  line.stream.put(Buffer.concat([request(1), request(2)]))
  line.served[0]?.next()
  line.answer(1)
  await settle()
  line.connection.close()
  line.connection.sweep(0, quiet)
  line.connection.sweep(300, quiet)
  assert.deepEqual(line.stream.ends, ['close', 'abort'])
})

test('who sends too slowly is cut off while another waits for the memory', async () => {
  const budget = new MemoryBudget(10_000)
  const [slow, other] = [new Line(budget), new Line(budget)]
  const begun = Buffer.alloc(100)
  begun.writeInt32BE(9_000)
  slow.stream.put(begun)
  slow.connection.sweep(0, { idleMsMax: 60_000, stallMsMax: 60_000 })
  const drip = async (nowMs: number): Promise<void> => {
    slow.stream.put(Buffer.alloc(1))
    slow.connection.sweep(nowMs, { idleMsMax: 60_000, stallMsMax: 60_000 })
    await settle()
  }
  await drip(5_000)
  assert.equal(slow.closedCount, 0, 'nobody waits')
  other.stream.put(begun)
  await drip(6_000)
  assert.equal(slow.closedCount, 1)
  assert.equal(budget.usedBytes, 9_000, 'the other has it now')
})

test('a client that must pause is answered at once, and served again after its pause', async () => {
  const line = new Line()
  line.stream.put(Buffer.concat([request(1), request(2)]))
  line.served[0]?.answer({ chunks: [Buffer.from('pause')], throttleMs: 1_000 })
  await settle()
  assert.deepEqual([line.answers, line.numbers], [['pause'], [1]])
  assert.ok(line.stream.isPaused)
  line.stream.put(request(3))
  await clock.advance(999)
  assert.deepEqual(line.numbers, [1])
  await clock.advance(1)
  assert.deepEqual(line.numbers, [1, 2])
  line.answer(2)
  await settle()
  assert.deepEqual(line.numbers, [1, 2, 3])
})

test('of pauses that overlap the longest counts, also without an answer', async () => {
  const line = new Line()
  line.stream.put(Buffer.concat([request(1), request(2), request(3)]))
  line.served[0]?.next()
  line.served[0]?.answer({ chunks: [], throttleMs: 500 })
  line.served[1]?.answer({ chunks: [Buffer.from('short')], throttleMs: 100 })
  await clock.advance(499)
  assert.deepEqual(line.numbers, [1, 2])
  await clock.advance(1)
  assert.deepEqual(line.numbers, [1, 2, 3])
})

test('a pause is no silence: the connection stays', async () => {
  const line = new Line()
  line.stream.put(Buffer.concat([request(1), request(2).subarray(0, 10)]))
  line.served[0]?.answer({ chunks: [Buffer.from('pause')], throttleMs: 5_000 })
  for (let passed = 0; passed < 4_900; passed += 100) {
    await clock.advance(100)
    line.connection.sweep(clock.monotonicMs(), quiet)
  }
  assert.deepEqual(line.stream.ends, [])
  await clock.advance(100)
  line.stream.put(request(2).subarray(10))
  assert.deepEqual(line.numbers, [1, 2])
})

test('a stopping broker does not wait for a pause', async () => {
  const line = new Line()
  line.stream.put(Buffer.concat([request(1), request(2)]))
  line.served[0]?.answer({ chunks: [Buffer.from('pause')], throttleMs: 60_000 })
  await settle()
  line.connection.drain()
  assert.deepEqual(line.numbers, [1, 2])
  line.answer(2)
  await settle()
  assert.deepEqual(line.stream.ends, ['close'])
})

test('a connection that ends during its pause leaves no timer', async () => {
  const line = new Line()
  const before = clock.pending
  line.stream.put(request(1))
  line.served[0]?.answer({ chunks: [Buffer.from('pause')], throttleMs: 60_000 })
  await settle()
  assert.equal(clock.pending, before + 1)
  line.stream.lose()
  await settle()
  assert.equal(clock.pending, before)
})

test('who must pause and sends all the same keeps no memory that others wait for', async () => {
  const budget = new MemoryBudget(60)
  const [paused, other] = [new Line(undefined, budget), new Line(undefined, budget)]
  paused.stream.put(Buffer.concat([request(1), request(2)]))
  paused.served[0]?.answer({ chunks: [Buffer.from('pause')], throttleMs: 60_000 })
  await settle()
  const sweep = (): void => paused.connection.sweep(clock.monotonicMs(), quiet)
  sweep()
  await clock.advance(10_000)
  sweep()
  assert.deepEqual(paused.stream.ends, [], 'nobody waits')
  other.stream.put(request(3, 50))
  assert.deepEqual(other.numbers, [])
  sweep()
  await clock.advance(2_000)
  sweep()
  assert.deepEqual(paused.stream.ends, ['abort'])
  await settle()
  assert.deepEqual(other.numbers, [3])
})

test('a client that pipelines what is answered at once lets others in between', async () => {
  const line = new Line(undefined, new MemoryBudget(100_000))
  const slow = clock.monotonicMs()
  line.stream.put(Buffer.concat([request(1), request(2), request(3)]))
  assert.deepEqual(line.numbers, [1])
  // Its answer takes longer than a turn may: the next begins in a turn of its own.
  await clock.advance(10)
  line.answer(1)
  await settle()
  assert.deepEqual(line.numbers, [1])
  await clock.advance(0)
  assert.deepEqual(line.numbers, [1, 2])
  line.answer(2)
  await settle()
  assert.deepEqual(line.numbers, [1, 2, 3])
  assert.equal(clock.monotonicMs(), slow + 10)
})
