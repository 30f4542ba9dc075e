/** A bucket of its own for each test, on one server and behind one proxy for each file. */
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { systemClock } from '../../src/base/system-clock.ts'
import { parseStorageUrl, type StorageUrl } from '../../src/config/storage-url.ts'
import { openS3ObjectStore, type OpenS3Options } from '../../src/objects/s3/open-s3-object-store.ts'
import type { S3ObjectStore } from '../../src/objects/s3/s3-object-store.ts'
import type { S3OperationSeen } from '../../src/objects/s3/s3-requests.ts'
import { S3Proxy } from '../support/s3-proxy.ts'
import { S3Server, type S3Account } from '../support/s3-server.ts'
import { seededRandom } from '../support/seeded-random.ts'

export interface Bucket {
  readonly server: S3Server
  readonly proxy: S3Proxy
  /** A new bucket and a store over it; what is done is written down in `seen`. */
  open(more?: OpenMore): Promise<OpenedBucket>
}

export interface OpenMore {
  readonly parameters?: string
  readonly prefix?: string
  readonly bucket?: string
  readonly limits?: OpenS3Options['limits']
}

export interface OpenedBucket {
  readonly store: S3ObjectStore
  readonly bucket: string
  readonly seen: S3OperationSeen[]
}

export function urlOf(text: string): StorageUrl {
  const read = parseStorageUrl(text)
  assert.ok(read.ok, JSON.stringify(read))
  return read.url
}

/** The SDK reads credentials from the environment, as in production. */
export function actAs({ accessKey, secretKey }: S3Account): void {
  process.env['AWS_ACCESS_KEY_ID'] = accessKey
  process.env['AWS_SECRET_ACCESS_KEY'] = secretKey
}

export function useServer(options: { readonly withAccounts?: boolean } = {}): Bucket {
  let started: { readonly server: S3Server; readonly proxy: S3Proxy } | undefined
  let buckets = 0
  const there = () => {
    assert.ok(started !== undefined, 'used before the server has started')
    return started
  }
  before(async () => {
    const server = await S3Server.start(options)
    actAs(server.root)
    started = { server, proxy: await S3Proxy.start({ target: server.endpoint }) }
  })
  after(async () => {
    await started?.proxy.close()
    await started?.server.close()
  })
  return {
    get server() {
      return there().server
    },
    get proxy() {
      return there().proxy
    },
    async open(more: OpenMore = {}) {
      const { server, proxy } = there()
      proxy.calm()
      const bucket = more.bucket ?? `bucket-${++buckets}`
      if (more.bucket === undefined) await server.makeBucket(bucket)
      const seen: S3OperationSeen[] = []
      const parameters = more.parameters === undefined ? '' : `&${more.parameters}`
      const text = `s3://${bucket}/${more.prefix ?? ''}?endpoint=${proxy.endpoint}${parameters}`
      const store = await openS3ObjectStore({
        url: urlOf(text),
        clock: systemClock,
        random: seededRandom(1),
        log: silentLog,
        seen: (operation) => seen.push(operation),
        ...(more.limits === undefined ? {} : { limits: more.limits }),
      })
      return { store, bucket, seen }
    },
  }
}
