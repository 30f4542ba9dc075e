import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode } from './otlp-oracle.ts'
import { OutputTooLarge, ProtobufWriter } from './protobuf-writer.ts'

test('a message may have any length, though its length stands before it', () => {
  for (const length of [0, 1, 125, 126, 127, 128, 16_381, 16_384, 2_097_152]) {
    const writer = new ProtobufWriter(3_000_000)
    writer.tag(5, 2)
    const status = writer.open()
    writer.tag(2, 2)
    writer.varint(length)
    writer.raw(Buffer.alloc(length, 'a'))
    writer.close(status)
    const { arrayValue } = decode('AnyValue', writer.bytes())
    assert.ok(arrayValue, 'field 2 of ArrayValue is unknown, and stepped over')
    const lengthOf = (value: number): number => Buffer.byteLength(value.toString(2).padStart(1)) / 7
    const inner = 1 + Math.ceil(lengthOf(length)) + length
    assert.equal(writer.bytes().length, 1 + Math.ceil(lengthOf(inner)) + inner)
  }
})

test('numbers at the ends of their ranges', () => {
  const writer = new ProtobufWriter(1_000)
  writer.tag(3, 0)
  writer.varint64(-(2n ** 63n))
  assert.equal(decode('AnyValue', writer.bytes()).intValue, String(-(2n ** 63n)))
  const fixed = new ProtobufWriter(1_000)
  fixed.tag(7, 1)
  fixed.fixed64(2n ** 64n - 1n)
  fixed.tag(16, 5)
  fixed.fixed32(2 ** 32 - 1)
  const span = decode('Span', fixed.bytes())
  assert.deepEqual([span.startTimeUnixNano, span.flags], [String(2n ** 64n - 1n), 2 ** 32 - 1])
})

test('it does not grow beyond its limit', () => {
  const writer = new ProtobufWriter(10_000)
  assert.throws(() => {
    for (;;) writer.raw(Buffer.alloc(1_000))
  }, OutputTooLarge)
  assert.ok(writer.bytes().length >= 10_000 && writer.bytes().length < 20_000)
})
