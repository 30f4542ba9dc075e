/**
 * Bytes that the classes of Apache Kafka 4.3.1 read, and wrote again without a difference. They
 * were made from chance values, for every version of each message; beside the first, the first
 * flexible and the last version stands what the bytes mean.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { apis } from './apis.ts'
import type { AnyApi, AnyMessage } from './message.ts'

interface Golden {
  readonly message: string
  readonly version: number
  readonly hex: string
  readonly value?: object
}

const file = new URL('testing/golden.json', import.meta.url)
const recorded = JSON.parse(readFileSync(file, 'utf8')) as readonly Golden[]
const all: readonly AnyApi[] = Object.values(apis)
const messages = new Map<string, AnyMessage>(
  all.flatMap(({ request, response }) => [request, response]).map((each) => [each.name, each]),
)

for (const { message, version, hex, value } of recorded) {
  test(`${message} v${version} is what Kafka reads and writes`, () => {
    const each = messages.get(message)
    assert.ok(each !== undefined)
    const read = each.decode(version, Buffer.from(hex, 'hex'))
    if (value !== undefined) assert.deepEqual(JSON.parse(JSON.stringify(read, bytesAsHex)), value)
    assert.equal(Buffer.concat(each.encode(version, read as never)).toString('hex'), hex)
  })
}

test('every version of every message is recorded', () => {
  const known = [...messages.values()].flatMap(({ name, versions: { min, max } }) =>
    Array.from({ length: max - min + 1 }, (_, i) => `${name} v${min + i}`),
  )
  const found = recorded.map(({ message, version }) => `${message} v${version}`)
  assert.deepEqual(found.toSorted(), known.toSorted())
})

/**
 * Buffer.toJSON has spoken before a replacer is asked: its form is turned into hex, and empty views
 * too.
 */
function bytesAsHex(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString('hex') }
  const buffer = value as { type?: unknown; data?: number[] } | null
  return buffer?.type === 'Buffer' && buffer.data !== undefined
    ? { hex: Buffer.from(buffer.data).toString('hex') }
    : value
}
