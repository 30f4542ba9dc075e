import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { after, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { MemorySink } from './memory-sink.ts'
import { decode, encode } from './otlp-oracle.ts'
import { Failure } from '../base/errors.ts'
import { silentLog } from '../base/log.ts'
import { systemClock } from '../base/system-clock.ts'
import { type OtlpHttp, type OtlpRequestSeen, startOtlpHttp } from './http-receiver.ts'
import { defaultOtlpLimits, type OtlpLimits } from './limits.ts'

interface Started {
  readonly receiver: OtlpHttp
  readonly sink: MemorySink
  readonly seen: OtlpRequestSeen[]
}

const running: OtlpHttp[] = []

async function start(limits: Partial<OtlpLimits> = {}): Promise<Started> {
  const sink = new MemorySink()
  const seen: OtlpRequestSeen[] = []
  const receiver = await startOtlpHttp({
    listen: { host: '127.0.0.1', port: 0 },
    sink,
    limits: { ...defaultOtlpLimits, ...limits },
    clock: systemClock,
    log: silentLog,
    metrics: { onRequest: (one) => seen.push(one) },
  })
  running.push(receiver)
  return { receiver, sink, seen }
}

after(() => Promise.all(running.map((receiver) => receiver.close())))

interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

interface Sent {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string | number>>
  readonly body?: Uint8Array
  readonly agent?: Agent
}

const protobuf = { 'Content-Type': 'application/x-protobuf' }
const json = { 'Content-Type': 'application/json' }

function send(receiver: OtlpHttp, sent: Sent): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>()
  const { method = 'POST', path = '/v1/traces', headers = protobuf, body, agent } = sent
  const options = { method, headers, ...(agent === undefined ? {} : { agent }) }
  const outgoing = request(`http://${receiver.address}${path}`, options, (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('error', reject)
    response.on('end', () => {
      const { statusCode: status = 0, headers } = response
      resolve({ status, headers, body: Buffer.concat(chunks) })
    })
  })
  outgoing.on('error', reject)
  outgoing.end(body)
  return promise
}

const spanOf = (name: string, trace = 1): object => ({
  traceId: new Uint8Array(16).fill(trace),
  spanId: new Uint8Array(8).fill(1),
  name,
})
const requestOf = (...spans: object[]): Uint8Array =>
  encode('TracesData', { resourceSpans: [{ scopeSpans: [{ spans }] }] })
const one = requestOf(spanOf('a'))

async function raw(receiver: OtlpHttp): Promise<Socket> {
  const [host = '', port = ''] = receiver.address.split(':')
  const socket = connect(Number(port), host)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await wait(5)
}

describe('success', () => {
  test('is an empty message in the content type of the request', async () => {
    const { receiver, seen } = await start()
    const binary = await send(receiver, { body: one })
    assert.equal(binary.status, 200)
    assert.equal(binary.headers['content-type'], 'application/x-protobuf')
    assert.equal(binary.body.length, 0)
    const type = 'Application/JSON; charset=utf-8'
    const text = await send(receiver, {
      headers: { 'Content-Type': type },
      body: Buffer.from('{}'),
    })
    assert.deepEqual([text.status, text.body.toString()], [200, '{}'])
    assert.equal(text.headers['content-type'], 'application/json')
    assert.deepEqual(
      seen.map(({ signal, status, items, records, bytes }) => [
        signal,
        status,
        items,
        records,
        bytes,
      ]),
      [
        ['traces', 200, 1, 1, one.length],
        ['traces', 200, 0, 0, 2],
      ],
    )
    assert.equal(receiver.inFlightBytes(), 0)
  })

  test('empty bodies of every signal are empty requests', async () => {
    const { receiver, sink } = await start()
    for (const path of ['/v1/traces', '/v1/logs', '/v1/metrics']) {
      for (const headers of [protobuf, json]) {
        assert.equal((await send(receiver, { path, headers })).status, 200)
      }
    }
    assert.equal(sink.appendCount, 0)
  })

  test('comes only when the sink has committed', async () => {
    const { receiver, sink } = await start()
    const commit = Promise.withResolvers<void>()
    sink.before = () => commit.promise
    let isAnswered = false
    const answered = send(receiver, { body: one }).then((answer) => {
      isAnswered = true
      return answer
    })
    await until(() => sink.appendCount === 1)
    await wait(50)
    assert.equal(isAnswered, false)
    commit.resolve()
    assert.equal((await answered).status, 200)
  })

  test('partial success counts and explains, in both encodings', async () => {
    const { receiver } = await start()
    const bad = { ...spanOf('b'), spanId: new Uint8Array(8) }
    const binary = await send(receiver, { body: requestOf(spanOf('a'), bad, bad) })
    assert.equal(binary.status, 200)
    const { partialSuccess } = decode('ExportResponse', binary.body)
    assert.equal(partialSuccess.rejected, '2')
    assert.match(
      partialSuccess.errorMessage,
      /^2 spans refused: resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[1\]/,
    )
    const spans = [{ traceId: 'AA'.repeat(16), spanId: '00'.repeat(8) }]
    const text = await send(receiver, {
      headers: json,
      body: Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })),
    })
    const said = JSON.parse(text.body.toString()) as { partialSuccess: Record<string, string> }
    assert.equal(said.partialSuccess['rejectedSpans'], '1')
    assert.match(said.partialSuccess['errorMessage'] ?? '', /the span id is missing or zero/)
  })
})

describe('refusals', () => {
  const statusOf = ({ body, headers }: Answered): { message: string; code: number } =>
    headers['content-type'] === 'application/json'
      ? (JSON.parse(body.toString()) as { message: string; code: number })
      : decode('RpcStatus', body)

  test('say what would be right, in a google.rpc.Status', async () => {
    const { receiver, seen } = await start()
    const cases: readonly (readonly [Sent, number, RegExp])[] = [
      [{ path: '/v1/trace' }, 404, /\/v1\/traces, \/v1\/logs, \/v1\/metrics/],
      [{ path: '/' }, 404, /not this path/],
      [{ method: 'GET' }, 405, /takes POST, not GET/],
      [{ method: 'DELETE', path: '/v1/logs?x=1' }, 405, /takes POST/],
      [{ headers: {} }, 415, /Content-Type ''/],
      [
        { headers: { 'Content-Type': 'text/plain' } },
        415,
        /'text\/plain': send application\/x-protobuf/,
      ],
      [{ headers: { ...protobuf, 'Content-Encoding': 'br' } }, 415, /'br': send gzip or none/],
      [{ headers: { ...protobuf, 'Content-Encoding': 'gzip' }, body: one }, 400, /not gzip/],
      [{ body: Buffer.from('garbage') }, 400, /at byte/],
      [
        { headers: json, body: Buffer.from('{"resourceSpans":7}') },
        400,
        /^resourceSpans: .*an array/,
      ],
    ]
    for (const [sent, status, message] of cases) {
      const answer = await send(receiver, sent)
      assert.equal(answer.status, status)
      assert.match(statusOf(answer).message, message)
      assert.equal(answer.headers['allow'], status === 405 ? 'POST' : undefined)
    }
    assert.deepEqual(
      seen.map(({ status }) => status),
      cases.map(([, status]) => status),
    )
  })

  test('of bad data name the field in a BadRequest', async () => {
    const { receiver } = await start()
    const body = Buffer.from('0a04120212ff', 'hex')
    const binary = decode('RpcStatus', (await send(receiver, { body })).body)
    assert.equal(binary.code, 3)
    assert.equal(binary.details[0].typeUrl, 'type.googleapis.com/google.rpc.BadRequest')
    const violations = decode('BadRequest', Buffer.from(binary.details[0].value, 'base64'))
    assert.deepEqual(violations.fieldViolations, [
      { field: 'resourceSpans[0].scopeSpans[0].spans[0]', description: binary.message },
    ])
    const text = await send(receiver, { headers: json, body: Buffer.from('{"resourceSpans":7}') })
    const { details } = JSON.parse(text.body.toString()) as { details: object[] }
    assert.deepEqual(Object.keys(details[0] ?? {}), ['@type', 'fieldViolations'])
  })

  test('of an overloaded or unavailable sink tell when to try again', async () => {
    const { receiver, sink } = await start()
    for (const [kind, status] of [
      ['overloaded', 429],
      ['unavailable', 503],
    ] as const) {
      sink.before = () => {
        throw new Failure(kind, 'the journal is full')
      }
      const answer = await send(receiver, { body: one })
      assert.equal(answer.status, status)
      assert.equal(answer.headers['retry-after'], '1')
      assert.match(statusOf(answer).message, /the journal is full/)
    }
    sink.before = () => {
      throw new RangeError('a bug')
    }
    const answer = await send(receiver, { body: one })
    assert.deepEqual([answer.status, statusOf(answer).code], [500, 13])
    sink.before = () => undefined
    assert.equal((await send(receiver, { body: one })).status, 200)
  })
})

describe('limits', () => {
  const head = 'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
  const small = { bodyBytesMax: 10_000, recordsBytesMax: 20_000, inFlightBytesMax: 40_000 }

  test('an announced body that is too large is refused before it is read', async () => {
    const { receiver } = await start(small)
    const socket = await raw(receiver)
    socket.write(`${head}Content-Length: 10001\r\n\r\n`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    assert.match(answer.toString(), /^HTTP\/1\.1 413 /)
    assert.match(answer.toString(), /a body of 10001 bytes, but at most 10000 are taken/)
    socket.destroy()
  })

  test('a client that waits for 100 Continue gets it only if the body is wanted', async () => {
    const { receiver } = await start(small)
    const expecting = (length: number): string =>
      `${head}Expect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`
    const refused = await raw(receiver)
    refused.write(expecting(10_001))
    assert.match(String(await once(refused, 'data')), /^HTTP\/1\.1 413 /)
    refused.destroy()
    const taken = await raw(receiver)
    taken.write(expecting(2))
    assert.match(String(await once(taken, 'data')), /^HTTP\/1\.1 100 Continue/)
    taken.write('{}')
    assert.match(String(await once(taken, 'data')), /^HTTP\/1\.1 200 /)
    taken.destroy()
  })

  test('a body without a length, before and after decompression', async () => {
    const { receiver } = await start(small)
    const chunked = { 'Transfer-Encoding': 'chunked' }
    const large = await send(receiver, {
      headers: { ...protobuf, ...chunked },
      body: Buffer.alloc(10_001),
    })
    assert.equal(large.status, 413)
    const bomb = gzipSync(Buffer.alloc(50_000_000))
    assert.ok(bomb.length < 60_000)
    const wide = await start({ bodyBytesMax: 1_000_000 })
    const answer = await send(wide.receiver, {
      headers: { ...protobuf, 'Content-Encoding': 'gzip' },
      body: bomb,
    })
    assert.equal(answer.status, 413)
    assert.match(
      decode('RpcStatus', answer.body).message,
      /more than 1000000 bytes after decompression/,
    )
    assert.equal(wide.receiver.inFlightBytes(), 0)
  })

  test('gzip that ends too early is bad data', async () => {
    const { receiver } = await start()
    const body = gzipSync(one).subarray(0, -6)
    const answer = await send(receiver, {
      headers: { ...protobuf, 'Content-Encoding': 'gzip' },
      body,
    })
    assert.equal(answer.status, 400)
  })

  test('memory for all requests together: 429 beyond it, everything given back', async () => {
    const { receiver, sink } = await start(small)
    const commit = Promise.withResolvers<void>()
    sink.before = () => commit.promise
    const body = requestOf(spanOf('x'.repeat(9_000)))
    const held = [send(receiver, { body }), send(receiver, { body })]
    await until(() => sink.appendCount === 2)
    assert.ok(receiver.inFlightBytes() > 36_000)
    const refused = await send(receiver, { body })
    assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '1'])
    commit.resolve()
    for (const each of held) assert.equal((await each).status, 200)
    assert.equal(receiver.inFlightBytes(), 0)
    assert.equal((await send(receiver, { body })).status, 200)
  })

  test('a body that stays away is answered 503', async () => {
    const { receiver } = await start({ bodyTimeoutMs: 50, lingerMs: 50 })
    const socket = await raw(receiver)
    socket.write(`${head}Content-Length: 5\r\n\r\n{`)
    assert.match(String(await once(socket, 'data')), /^HTTP\/1\.1 503 /)
    await once(socket, 'close')
    assert.equal(receiver.inFlightBytes(), 0)
  })

  test('header lines that stay away end the connection', async () => {
    const { receiver } = await start({ headersTimeoutMs: 100 })
    const socket = await raw(receiver)
    socket.write('POST /v1/traces HTTP/1.1\r\n')
    socket.resume()
    await once(socket, 'close')
  })
})

describe('connections', () => {
  test('are kept alive, also after refusals', async () => {
    const { receiver } = await start()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    let connections = 0
    agent.on('free', () => connections++)
    for (const sent of [
      { body: one },
      { body: Buffer.from('bad') },
      { path: '/x', body: one },
      { body: one },
    ]) {
      await send(receiver, { ...sent, agent })
    }
    assert.equal(Object.values(agent.freeSockets).flat().length, 1)
    assert.equal(connections, 4, 'the one socket was free again after each')
    agent.destroy()
  })

  test('that break off harm nobody, in the body or before the answer', async () => {
    const { receiver, sink, seen } = await start()
    const head = 'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n'
    const inBody = await raw(receiver)
    inBody.write(`${head}Content-Length: 1000\r\n\r\nabc`)
    await until(() => receiver.inFlightBytes() === 3)
    inBody.destroy()
    await until(() => receiver.inFlightBytes() === 0)
    assert.equal(seen.length, 0)

    const commit = Promise.withResolvers<void>()
    sink.before = () => commit.promise
    const beforeAnswer = await raw(receiver)
    beforeAnswer.write(`${head}Content-Length: ${one.length}\r\n\r\n`)
    beforeAnswer.write(one)
    await until(() => sink.appendCount === 1)
    beforeAnswer.destroy()
    await wait(20)
    commit.resolve()
    await until(() => seen.length === 1)
    assert.equal(sink.records('otlp_spans').length, 1)
    assert.equal(receiver.inFlightBytes(), 0)
  })

  test('closing waits for requests under way, and takes no new ones', async () => {
    const { receiver, sink } = await start()
    const commit = Promise.withResolvers<void>()
    sink.before = () => commit.promise
    const agent = new Agent({ keepAlive: true })
    const underWay = send(receiver, { body: one, agent })
    await until(() => sink.appendCount === 1)
    let isClosed = false
    const closed = receiver.close().then(() => (isClosed = true))
    await assert.rejects(send(receiver, { body: one }), { code: 'ECONNREFUSED' })
    assert.equal(isClosed, false)
    commit.resolve()
    const answer = await underWay
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['connection'], 'close')
    await closed
    agent.destroy()
  })

  test('closing does not wait for ever', async () => {
    const { receiver, sink } = await start({ closeTimeoutMs: 50 })
    const never = Promise.withResolvers<void>()
    sink.before = () => never.promise
    const underWay = send(receiver, { body: one })
    const failed = assert.rejects(underWay, { code: 'ECONNRESET' })
    await until(() => sink.appendCount === 1)
    await receiver.close()
    await failed
  })

  test('a port in use is told with its address', async () => {
    const { receiver } = await start()
    const port = Number(receiver.address.split(':')[1])
    const again = startOtlpHttp({
      listen: { host: '127.0.0.1', port },
      sink: new MemorySink(),
      limits: defaultOtlpLimits,
      clock: systemClock,
      log: silentLog,
    })
    await assert.rejects(again, (error: Failure) => {
      assert.equal(error.kind, 'conflict')
      assert.match(error.message, new RegExp(`otlp 127.0.0.1:${port} is in use by another process`))
      return true
    })
  })
})
