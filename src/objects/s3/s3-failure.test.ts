import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { S3RequestError, type S3Verb } from './s3-api.ts'
import { judgeS3Error, type S3Judgement } from './s3-failure.ts'

const verbs: readonly S3Verb[] = ['put', 'get', 'head', 'delete', 'list', 'multipart']

function judge(code: string, status?: number, verb: S3Verb = 'put', region?: string): S3Judgement {
  const error = new S3RequestError(code, status, 'as the server says', { region })
  return judgeS3Error(error, { verb, bucket: 'lake', key: 'karst/o/1' })
}

/** Code, status, then: kind, retry, and whether it may be done. */
const table: readonly [string, number | undefined, S3Judgement['kind'], string, boolean][] = [
  ['SlowDown', 503, 'overloaded', 'slow', false],
  ['TooManyRequests', 429, 'overloaded', 'slow', false],
  ['ServiceUnavailable', 503, 'unavailable', 'slow', true],
  ['InternalError', 500, 'unavailable', 'soon', true],
  ['502', 502, 'unavailable', 'soon', true],
  ['NotImplemented', 501, 'invalid', 'never', false],
  ['ECONNREFUSED', undefined, 'unavailable', 'soon', false],
  ['ENOTFOUND', undefined, 'unavailable', 'soon', false],
  ['ECONNRESET', undefined, 'unavailable', 'soon', true],
  ['EPIPE', undefined, 'unavailable', 'soon', true],
  ['AttemptTimeout', undefined, 'unavailable', 'soon', true],
  ['GivenUp', undefined, 'unavailable', 'never', true],
  ['ShortBody', undefined, 'unavailable', 'soon', true],
  ['NotS3', undefined, 'unavailable', 'never', false],
  ['NoCredentials', undefined, 'unavailable', 'never', false],
  ['NoRegion', undefined, 'unavailable', 'never', false],
  ['InternalError', 200, 'unavailable', 'soon', true], // of a CompleteMultipartUpload
  ['AccessDenied', 403, 'unavailable', 'never', false],
  ['InvalidAccessKeyId', 403, 'unavailable', 'never', false],
  ['SignatureDoesNotMatch', 403, 'unavailable', 'never', false],
  ['RequestTimeTooSkewed', 403, 'unavailable', 'soon', false],
  ['ExpiredToken', 400, 'unavailable', 'soon', false],
  ['NoSuchBucket', 404, 'unavailable', 'never', false],
  ['NoSuchKey', 404, 'not-found', 'never', false],
  ['PreconditionFailed', 412, 'conflict', 'never', false],
  ['InvalidRange', 416, 'corrupt', 'never', false],
  ['BadDigest', 400, 'unavailable', 'soon', false],
  ['RequestTimeout', 400, 'unavailable', 'soon', false],
  ['EntityTooLarge', 400, 'invalid', 'never', false],
  ['ConditionalRequestConflict', 409, 'unavailable', 'soon', false],
  ['PermanentRedirect', 301, 'unavailable', 'never', false],
  ['AuthorizationHeaderMalformed', 400, 'unavailable', 'never', false],
]

test('what a code means', () => {
  for (const [code, status, kind, retry, mayBeDone] of table) {
    const judged = judge(code, status)
    assert.deepEqual(
      [judged.kind, judged.retry, judged.mayBeDone],
      [kind, retry, mayBeDone],
      `${code} ${status}`,
    )
  }
})

test('a refusal names the right that is missing, and on what', () => {
  const right: Record<S3Verb, RegExp> = {
    put: /s3:PutObject on arn:aws:s3:::lake\/karst\/o\/1 is missing/,
    get: /s3:GetObject on arn:aws:s3:::lake\/karst\/o\/1 is missing, or .* s3:ListBucket/,
    head: /s3:GetObject on/,
    delete: /s3:DeleteObject on/,
    list: /s3:ListBucket on arn:aws:s3:::lake is missing$/,
    multipart: /s3:PutObject and s3:AbortMultipartUpload on/,
  }
  for (const verb of verbs) assert.match(judge('AccessDenied', 403, verb).message, right[verb])
})

test('a bucket elsewhere is told with its region', () => {
  assert.match(judge('PermanentRedirect', 301, 'put', 'eu-west-1').message, /region eu-west-1: set/)
  assert.match(judge('301', 301).message, /in another region/)
})

test('whatever comes is judged, names verb, key and bucket, and a 4xx never may be done', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.option(fc.integer({ min: 100, max: 599 }), { nil: undefined }),
      fc.constantFrom(...verbs),
      (code, status, verb) => {
        const judged = judge(code, status, verb)
        assert.match(judged.message, new RegExp(`${verb} of karst/o/1`))
        assert.match(judged.message, /lake/)
        if (status !== undefined && status >= 300 && status < 500) assert.ok(!judged.mayBeDone)
      },
    ),
  )
})
