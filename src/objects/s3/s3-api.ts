/** What Karst asks of an S3 server, one request at a time: no retries, no patience, raw errors. */

export type S3Verb = 'put' | 'get' | 'head' | 'delete' | 'list' | 'multipart'

/** Bytes that are sent, with what proves them on arrival. */
export interface S3Body {
  readonly chunks: readonly Uint8Array[]
  readonly length: number
  readonly proof:
    | { readonly kind: 'crc32c'; readonly base64: string }
    | { readonly kind: 'sha256'; readonly hex: string }
}

export interface S3Stat {
  readonly size: number
  readonly modifiedMs: number
}

export interface S3Part {
  readonly number: number
  readonly etag: string
  readonly crc32c: string | undefined
}

export interface S3Upload {
  readonly key: string
  readonly uploadId: string
  readonly begunMs: number
}

/** Keys are whole: the prefix of the storage is part of them. Every error is an S3RequestError. */
export interface S3Api {
  put(key: string, body: S3Body, ifAbsent: boolean, signal: AbortSignal): Promise<void>
  /** Fewer bytes than `length` where the object ends before. */
  get(key: string, position: number, length: number, signal: AbortSignal): Promise<Uint8Array>
  head(key: string, signal: AbortSignal): Promise<S3Stat>
  delete(key: string, signal: AbortSignal): Promise<void>
  list(
    prefix: string,
    after: string | undefined,
    limit: number,
    signal: AbortSignal,
  ): Promise<(S3Stat & { readonly key: string })[]>
  beginUpload(key: string, signal: AbortSignal): Promise<string>
  uploadPart(
    key: string,
    uploadId: string,
    number: number,
    body: S3Body,
    signal: AbortSignal,
  ): Promise<S3Part>
  completeUpload(
    key: string,
    uploadId: string,
    parts: readonly S3Part[],
    signal: AbortSignal,
  ): Promise<void>
  abortUpload(key: string, uploadId: string, signal: AbortSignal): Promise<void>
  uploads(prefix: string, signal: AbortSignal): Promise<S3Upload[]>
  close(): void
}

/** Why a request to S3 did not succeed, before anybody judged it. */
export class S3RequestError extends Error {
  /** Of the HTTP answer; undefined where none came. */
  readonly status: number | undefined
  /** S3's code, Node's of the connection, or one of ours (`s3-failure.ts` lists them). */
  readonly code: string
  /** What the server said of a bucket elsewhere. */
  readonly region: string | undefined

  constructor(code: string, status: number | undefined, message: string, more: S3ErrorMore = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.code = code
    this.status = status
    this.region = more.region
  }
}

export interface S3ErrorMore {
  readonly cause?: unknown
  readonly region?: string | undefined
}
