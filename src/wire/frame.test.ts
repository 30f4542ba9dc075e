import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure } from '../base/errors.ts'
import { apis, findApi } from './apis.ts'
import {
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequest,
  encodeResponse,
} from './frame.ts'

const join = (chunks: readonly Uint8Array[]): Buffer => Buffer.concat(chunks)

test('records are passed on by reference, in the order and number of their chunks', () => {
  const chunks = [Buffer.alloc(5_000, 1), Buffer.alloc(70_000, 2)]
  const sent = encodeRequest(
    apis[0],
    { apiVersion: 9, correlationId: 1, clientId: null },
    {
      acks: 1,
      timeoutMs: 1,
      topicData: [{ name: 'a', partitionData: [{ index: 0, records: chunks }] }],
    },
  )
  assert.ok(chunks.every((chunk) => sent.includes(chunk)))
  const frame = join(sent)
  assert.equal(frame.readInt32BE(), frame.length - 4)
  const { bodyAt } = decodeRequestHeader(frame.subarray(4), findApi)
  const body = apis[0].request.decode(9, frame.subarray(4), bodyAt)
  const records = body.topicData[0]?.partitionData[0]?.records
  assert.deepEqual(records, join(chunks))
  assert.equal(records?.buffer, frame.buffer, 'and read as a view of the frame')
})

test('a flexible header ends with tagged fields, but for the response of ApiVersions', () => {
  const old = join(encodeResponse(apis[12], 3, 7, { errorCode: 0 }))
  const flexible = join(encodeResponse(apis[12], 4, 7, { errorCode: 0 }))
  assert.equal(decodeResponseHeader(old.subarray(4), apis[12], 3).bodyAt, 4)
  assert.equal(decodeResponseHeader(flexible.subarray(4), apis[12], 4).bodyAt, 5)
  const versions = join(encodeResponse(apis[18], 4, 7, { errorCode: 0, apiKeys: [] }))
  assert.equal(decodeResponseHeader(versions.subarray(4), apis[18], 4).bodyAt, 4)
  const asked = join(
    encodeRequest(apis[18], { apiVersion: 3, correlationId: 7, clientId: 'é' }, {}),
  )
  assert.deepEqual(decodeRequestHeader(asked.subarray(4), findApi), {
    header: { apiKey: 18, apiVersion: 3, correlationId: 7, clientId: 'é' },
    bodyAt: 13,
  })
})

test('the header of an unknown key or of a version to come is read', () => {
  const unknown = Buffer.from('03e7' + '0001' + '00000005' + 'ffff', 'hex')
  const { header, bodyAt } = decodeRequestHeader(unknown, findApi)
  assert.deepEqual(header, { apiKey: 999, apiVersion: 1, correlationId: 5, clientId: null })
  assert.equal(bodyAt, unknown.length)
  const later = Buffer.from('0012' + '0063' + '00000005' + 'ffff' + '0107020000', 'hex')
  assert.equal(decodeRequestHeader(later, findApi).bodyAt, later.length)
})

test('a header that is cut short is corrupt', () => {
  const whole = join(
    encodeRequest(apis[18], { apiVersion: 3, correlationId: 7, clientId: 'kafka' }, {}),
  ).subarray(4, 18)
  for (let size = 0; size < whole.length; size++) {
    assert.throws(
      () => decodeRequestHeader(whole.subarray(0, size), findApi),
      (error) => error instanceof Failure && error.kind === 'corrupt',
    )
  }
})
