/**
 * What an error of a request to S3 means: the one place that knows status codes, S3's codes and
 * those of a connection. Total: what nobody has heard of is a failure that may be retried.
 */
import { Failure, type FailureKind } from '../../base/errors.ts'
import type { S3RequestError, S3Verb } from './s3-api.ts'

export interface S3Doing {
  readonly verb: S3Verb
  readonly bucket: string
  /** Whole; of a list its prefix. */
  readonly key: string
}

export interface S3Judgement {
  readonly kind: FailureKind
  readonly message: string
  /** `slow`: the store asks for fewer requests. `never`: another try would fare the same. */
  readonly retry: 'soon' | 'slow' | 'never'
  /** What was asked for may have been done, or may still be. */
  readonly mayBeDone: boolean
}

/** Rights by verb, as policies name them. */
const rights: Readonly<Record<S3Verb, string>> = {
  put: 's3:PutObject',
  get: 's3:GetObject',
  head: 's3:GetObject',
  delete: 's3:DeleteObject',
  list: 's3:ListBucket',
  multipart: 's3:PutObject and s3:AbortMultipartUpload',
}

/** Nothing was sent: the request cannot have been done. */
const unsent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])
const badCredentials = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidToken',
  'NoCredentials',
])
const slowDown = new Set(['SlowDown', 'Throttling', 'ThrottlingException', 'TooManyRequests'])
/** The server took what arrived for something else than what was sent, or for too little. */
const damaged = new Set([
  'BadDigest',
  'InvalidDigest',
  'XAmzContentSHA256Mismatch',
  'XAmzContentChecksumMismatch',
  'IncompleteBody',
  'RequestTimeout',
  '400', // of a HEAD, whose answer cannot say more
])

const soon = (kind: FailureKind, message: string, mayBeDone: boolean): S3Judgement => ({
  kind,
  message,
  retry: 'soon',
  mayBeDone,
})
const never = (kind: FailureKind, message: string): S3Judgement => ({
  kind,
  message,
  retry: 'never',
  mayBeDone: false,
})

export function judgeS3Error(error: S3RequestError, doing: S3Doing): S3Judgement {
  const { status, code } = error
  const what = `${doing.verb} of ${doing.key === '' ? 'everything' : doing.key}`
  const where = `in bucket ${doing.bucket}`
  if (status === undefined || status < 300) return judgeConnection(error, what, where)
  if (slowDown.has(code) || status === 429) {
    return {
      ...soon('overloaded', `${what} ${where}: the store asks to slow down`, false),
      retry: 'slow',
    }
  }
  if (status === 503 && (code === 'ServiceUnavailable' || code === '503')) {
    return {
      ...soon('unavailable', `${what} ${where}: the store is unavailable`, true),
      retry: 'slow',
    }
  }
  if (status >= 500 && status !== 501) {
    return soon('unavailable', `${what} ${where}: the store answered ${status} ${code}`, true)
  }
  return judgeRefusal(error, doing, `${what} ${where}`)
}

function judgeConnection(error: S3RequestError, what: string, where: string): S3Judgement {
  const { code } = error
  if (badCredentials.has(code)) {
    return never('unavailable', `${what} ${where}: no credentials: ${error.message}`)
  }
  if (code === 'GivenUp') {
    const message = `${what} ${where}: given up under way`
    return { kind: 'unavailable', message, retry: 'never', mayBeDone: true }
  }
  if (code === 'NoRegion') {
    return never('unavailable', `${what} ${where}: set region= in the URL, or AWS_REGION`)
  }
  if (code === 'NotS3') {
    return never('unavailable', `${what} ${where}: ${error.message}: is the endpoint right?`)
  }
  if (code === 'AttemptTimeout')
    return soon('unavailable', `${what} ${where}: no answer in time`, true)
  if (unsent.has(code)) {
    return soon('unavailable', `${what} ${where}: cannot connect: ${error.message}`, false)
  }
  return soon('unavailable', `${what} ${where}: ${error.message} (${code})`, true)
}

/** The server understood and said no (3xx, 4xx, 501): nothing was done. */
function judgeRefusal(error: S3RequestError, doing: S3Doing, what: string): S3Judgement {
  const { status, code } = error
  if (code === 'NoSuchBucket') {
    return never('unavailable', `${what}: there is no bucket ${doing.bucket}`)
  }
  if (code === 'RequestTimeTooSkewed') {
    const message = `${what}: this machine's clock is too far from the store's: ${error.message}`
    return soon('unavailable', message, false)
  }
  if (code === 'ExpiredToken') {
    return soon('unavailable', `${what}: the credentials have expired`, false)
  }
  if (badCredentials.has(code)) {
    return never('unavailable', `${what}: the store does not accept the credentials: ${code}`)
  }
  if (damaged.has(code)) {
    return soon('unavailable', `${what}: it did not arrive as it was sent (${code})`, false)
  }
  if (code === 'ConditionalRequestConflict' || code === 'OperationAborted' || status === 409) {
    return soon('unavailable', `${what}: another request for it is under way (${code})`, false)
  }
  if (code === 'EntityTooLarge' || status === 413) {
    return never('invalid', `${what}: the store does not take so many bytes at once`)
  }
  const elsewhere = code === 'AuthorizationHeaderMalformed' || code === 'IllegalLocationConstraint'
  if (elsewhere || (status !== undefined && status < 400)) {
    const region = error.region === undefined ? 'another region' : `region ${error.region}`
    return never('unavailable', `${what}: the bucket is in ${region}: set region= in the URL`)
  }
  return judgeStatus(error, doing, what)
}

function judgeStatus(error: S3RequestError, doing: S3Doing, what: string): S3Judgement {
  const { status, code } = error
  switch (status) {
    case 401:
    case 403:
      return never('unavailable', `${what}: refused (${code}): ${missingRight(doing)}`)
    case 404:
      return never('not-found', `${what}: there is no such object`)
    case 408:
      return soon('unavailable', `${what}: the store waited too long for the request`, false)
    case 412:
      return never('conflict', `${what}: the key has an object already`)
    case 416:
      return never('corrupt', `${what}: the object ends before what was asked for`)
    case 501:
      return never('invalid', `${what}: the store does not know how: ${error.message}`)
    default:
      return never('unavailable', `${what}: the store answered ${status} ${code}: ${error.message}`)
  }
}

function missingRight({ verb, bucket, key }: S3Doing): string {
  const arn = `arn:aws:s3:::${bucket}`
  if (verb === 'list') return `s3:ListBucket on ${arn} is missing`
  const text = `${rights[verb]} on ${arn}/${key} is missing`
  const isRead = verb === 'get' || verb === 'head'
  return isRead ? `${text}, or the object is and s3:ListBucket on ${arn}, which would tell` : text
}

export function failureOfS3(judgement: S3Judgement, error: unknown): Failure {
  return new Failure(judgement.kind, judgement.message, error)
}
