/**
 * S3 through the AWS SDK: its signatures and chain of credentials, none of its retries. Loading it
 * takes about 200 ms and 25 MB: only who stores in a bucket imports this file, at run time.
 */
import type { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { StorageUrl } from '../../config/storage-url.ts'
import type { S3Api, S3Body, S3Part, S3RequestError, S3Stat, S3Upload } from './s3-api.ts'
import { bodyInput, notS3, readRange, statOf } from './sdk-body.ts'
import { readSdkError } from './sdk-error.ts'

export interface SdkS3Options {
  readonly url: StorageUrl
  /** Connections kept: requests under way and their hedges. */
  readonly socketsMax: number
}

/** A server that does not answer a SYN is not worth waiting for: another try may find another one. */
const connectMs = 2_000
/** S3 lists so many uploads at once; a sweep takes the rest the next time. */
const uploadsMax = 1_000

const nothing = (): void => undefined
const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing }

const asked = <Answer>(answer: Promise<Answer>): Promise<Answer> =>
  answer.catch((error: unknown) => {
    throw readSdkError(error)
  })

export class SdkS3 implements S3Api {
  readonly #client: S3Client
  readonly #url: StorageUrl

  constructor({ url, socketsMax }: SdkS3Options) {
    this.#url = url
    this.#client = new S3Client({
      ...(url.region === undefined ? {} : { region: url.region }),
      ...(url.endpoint === undefined ? {} : { endpoint: url.endpoint }),
      forcePathStyle: url.pathStyle,
      maxAttempts: 1,
      logger: silent, // else it prints of streams that it cannot send again
      // Other servers do not know the trailers that the SDK sends else; we send what proves bytes.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      expectContinueHeader: false, // it costs a round trip
      requestHandler: {
        connectionTimeout: connectMs,
        socketAcquisitionWarningTimeout: 2 ** 31 - 1, // it would print
        httpAgent: { keepAlive: true, maxSockets: socketsMax },
        httpsAgent: { keepAlive: true, maxSockets: socketsMax },
      },
    })
    this.#client.middlewareStack.add(
      (next) => (args) => {
        // The signer takes the hash of a body from here, if it is there.
        const { headers } = args.request as { headers: Record<string, string> }
        const proof = (args.input as { proof?: string }).proof
        if (proof !== undefined) headers['x-amz-content-sha256'] = proof
        return next(args)
      },
      { step: 'build', name: 'bodyProof' },
    )
  }

  async put(key: string, body: S3Body, ifAbsent: boolean, signal: AbortSignal): Promise<void> {
    const command = new PutObjectCommand({
      Bucket: this.#url.bucket,
      Key: key,
      ...bodyInput(body),
      ...this.#encryption(),
      ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
    })
    await asked(this.#client.send(command, { abortSignal: signal }))
  }

  async get(
    key: string,
    position: number,
    length: number,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const Range = `bytes=${position}-${position + length - 1}`
    const command = new GetObjectCommand({ Bucket: this.#url.bucket, Key: key, Range })
    const answer = await asked(this.#client.send(command, { abortSignal: signal }))
    const body = answer.Body as unknown as Readable
    const stop = (): void => void body.destroy()
    signal.addEventListener('abort', stop, { once: true })
    try {
      return await readRange(body, answer, position, length)
    } catch (error) {
      throw readSdkError(error)
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  async head(key: string, signal: AbortSignal): Promise<S3Stat> {
    const command = new HeadObjectCommand({ Bucket: this.#url.bucket, Key: key })
    try {
      const answer = await this.#client.send(command, { abortSignal: signal })
      return statOf(answer.ContentLength, answer.LastModified)
    } catch (error) {
      throw await this.#explained(readSdkError(error), key, signal)
    }
  }

  /** An answer to HEAD has no body: a missing bucket, or right, looks like a missing object. */
  async #explained(error: S3RequestError, key: string, signal: AbortSignal): Promise<Error> {
    const { status } = error
    if (status === undefined || status < 300 || status >= 500) return error
    try {
      await this.get(key, 0, 1, signal)
      return error
    } catch (why) {
      const told = readSdkError(why)
      return told.status === 416 ? error : told // an object that came meanwhile, and is empty
    }
  }

  async delete(key: string, signal: AbortSignal): Promise<void> {
    const command = new DeleteObjectCommand({ Bucket: this.#url.bucket, Key: key })
    await asked(this.#client.send(command, { abortSignal: signal }))
  }

  async list(
    prefix: string,
    after: string | undefined,
    limit: number,
    signal: AbortSignal,
  ): Promise<(S3Stat & { readonly key: string })[]> {
    const command = new ListObjectsV2Command({
      Bucket: this.#url.bucket,
      Prefix: prefix,
      MaxKeys: limit,
      ...(after === undefined ? {} : { StartAfter: after }),
    })
    const answer = await asked(this.#client.send(command, { abortSignal: signal }))
    if (answer.KeyCount === undefined && answer.Name === undefined) throw notS3()
    return (answer.Contents ?? []).map(({ Key, Size, LastModified }) => ({
      key: Key ?? '',
      ...statOf(Size, LastModified),
    }))
  }

  async beginUpload(key: string, signal: AbortSignal): Promise<string> {
    const command = new CreateMultipartUploadCommand({
      Bucket: this.#url.bucket,
      Key: key,
      ...this.#encryption(),
      ...(this.#url.checksum === 'crc32c' ? { ChecksumAlgorithm: 'CRC32C' as const } : {}),
    })
    const answer = await asked(this.#client.send(command, { abortSignal: signal }))
    return answer.UploadId ?? ''
  }

  async uploadPart(
    key: string,
    uploadId: string,
    number: number,
    body: S3Body,
    signal: AbortSignal,
  ): Promise<S3Part> {
    const command = new UploadPartCommand({
      Bucket: this.#url.bucket,
      Key: key,
      UploadId: uploadId,
      PartNumber: number,
      ...bodyInput(body),
    })
    const answer = await asked(this.#client.send(command, { abortSignal: signal }))
    const crc32c = body.proof.kind === 'crc32c' ? body.proof.base64 : undefined
    return { number, etag: answer.ETag ?? '', crc32c }
  }

  async completeUpload(
    key: string,
    uploadId: string,
    parts: readonly S3Part[],
    signal: AbortSignal,
  ): Promise<void> {
    const Parts = parts.map(({ number, etag, crc32c }) => ({
      PartNumber: number,
      ETag: etag,
      ...(crc32c === undefined ? {} : { ChecksumCRC32C: crc32c }),
    }))
    const command = new CompleteMultipartUploadCommand({
      Bucket: this.#url.bucket,
      Key: key,
      UploadId: uploadId,
      MultipartUpload: { Parts },
    })
    await asked(this.#client.send(command, { abortSignal: signal }))
  }

  async abortUpload(key: string, uploadId: string, signal: AbortSignal): Promise<void> {
    const where = { Bucket: this.#url.bucket, Key: key, UploadId: uploadId }
    const command = new AbortMultipartUploadCommand(where)
    await asked(this.#client.send(command, { abortSignal: signal }))
  }

  async uploads(prefix: string, signal: AbortSignal): Promise<S3Upload[]> {
    const command = new ListMultipartUploadsCommand({
      Bucket: this.#url.bucket,
      Prefix: prefix,
      MaxUploads: uploadsMax,
    })
    const answer = await asked(this.#client.send(command, { abortSignal: signal }))
    return (answer.Uploads ?? []).map(({ Key, UploadId, Initiated }) => ({
      key: Key ?? '',
      uploadId: UploadId ?? '',
      begunMs: Initiated?.getTime() ?? Number.MAX_SAFE_INTEGER,
    }))
  }

  close(): void {
    this.#client.destroy()
  }

  #encryption() {
    const { encryption, kmsKeyId } = this.#url
    if (encryption === undefined) return {}
    const key = kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }
    return { ServerSideEncryption: encryption, ...key }
  }
}
