import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { crc32c } from '../../base/crc32c.ts'
import { systemClock } from '../../base/system-clock.ts'
import { cut, lengthOf, makeBody } from './s3-body.ts'

test('a cut holds what lies between, however the chunks fall', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 9 })),
      fc.nat(60),
      fc.nat(60),
      (chunks, a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)]
        const whole = Buffer.concat(chunks)
        assert.equal(lengthOf(chunks), whole.length)
        assert.deepEqual(Buffer.concat(cut(chunks, from, to)), whole.subarray(from, to))
      },
    ),
  )
})

test('what proves the bytes is of all chunks, also of large ones', async () => {
  const chunks = [Buffer.alloc(9_000_001, 1), Buffer.alloc(0), Buffer.from('end')]
  const whole = Buffer.concat(chunks)
  const crc = Buffer.alloc(4)
  crc.writeUInt32BE(crc32c(whole))
  const { proof, length } = await makeBody(systemClock, chunks, 'crc32c')
  assert.equal(length, whole.length)
  assert.deepEqual(proof, { kind: 'crc32c', base64: crc.toString('base64') })
  const sha = createHash('sha256').update(whole).digest('hex')
  const signed = await makeBody(systemClock, chunks, 'sha256')
  assert.deepEqual(signed.proof, { kind: 'sha256', hex: sha })
})
