/** Opens a bucket as an object store. The SDK is loaded here and only then. */
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import type { StorageUrl } from '../../config/storage-url.ts'
import { requestsUnderWayMax, S3ObjectStore } from './s3-object-store.ts'
import { standardLimits, type S3OperationSeen, type S3RequestLimits } from './s3-requests.ts'

export interface OpenS3Options {
  readonly url: StorageUrl
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Called once per operation, when it has ended. */
  readonly seen?: (operation: S3OperationSeen) => void
  readonly limits?: Partial<S3RequestLimits>
}

/** Nothing is asked of the bucket before the first operation: `list('', undefined, 1)` tells. */
export async function openS3ObjectStore(options: OpenS3Options): Promise<S3ObjectStore> {
  const { url, clock, random, log } = options
  const { SdkS3 } = await import('./sdk-s3.ts')
  return new S3ObjectStore({
    api: new SdkS3({ url, socketsMax: requestsUnderWayMax * 2 }),
    bucket: url.bucket,
    prefix: url.prefix,
    clock,
    random,
    log: log.child({ part: 'objects' }),
    limits: { ...standardLimits, ...options.limits },
    checksum: url.checksum,
    multipartAbove: url.multipartAbove,
    seen: options.seen,
  })
}
