/** What the first lines of an OTLP/HTTP request say, judged before a byte of its body is read. */
import type { Answer, ContentType } from './export-answer.ts'
import { type Signal, signals } from './signal.ts'

/** The part of a request that is looked at. */
export interface RequestHead {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: {
    readonly 'content-type'?: string | undefined
    readonly 'content-encoding'?: string | undefined
    readonly 'content-length'?: string | undefined
  }
}

export type Head =
  | {
      readonly signal: Signal
      readonly type: ContentType
      readonly isGzip: boolean
      readonly refusal: undefined
    }
  | {
      readonly signal: Signal | undefined
      readonly type: ContentType
      readonly refusal: Answer
    }

/** Everything that can be judged before a byte of the body is read. */
export function readHead(request: RequestHead, bodyBytesMax: number): Head {
  const path = (request.url ?? '').replace(/[?#].*$/s, '')
  const signal = Object.values(signals).find((known) => known.path === path)
  const mediaType = (request.headers['content-type'] ?? '')
    .replace(/;.*$/s, '')
    .trim()
    .toLowerCase()
  const isKnownType = mediaType === 'application/x-protobuf' || mediaType === 'application/json'
  const type = isKnownType ? mediaType : 'application/json'
  const refuse = (refusal: Answer): Head => ({ signal, type, refusal })
  if (signal === undefined) {
    const paths = Object.values(signals).map((known) => known.path)
    return refuse({ status: 404, message: `there is ${paths.join(', ')}, not this path` })
  }
  if (request.method !== 'POST') {
    return refuse({ status: 405, message: `${path} takes POST, not ${request.method}` })
  }
  if (!isKnownType) {
    const said = `Content-Type '${mediaType}': send application/x-protobuf or application/json`
    return refuse({ status: 415, message: said })
  }
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const isGzip = encoding === 'gzip' || encoding === 'x-gzip'
  if (!isGzip && encoding !== 'identity' && encoding !== '') {
    const said = `Content-Encoding '${encoding}': send gzip or none`
    return refuse({ status: 415, message: said })
  }
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > bodyBytesMax) {
    const said = `a body of ${announced} bytes, but at most ${bodyBytesMax} are taken`
    return refuse({ status: 413, message: `${said}; send smaller batches` })
  }
  return { signal, type, isGzip, refusal: undefined }
}
