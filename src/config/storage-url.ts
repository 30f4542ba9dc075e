/**
 * Where objects are stored, as it is written in an option: `s3://BUCKET/PREFIX?PARAMETERS`.
 * Credentials are not part of it: they come from the environment, a profile or the machine's role.
 */
import { readOption, type OptionSpec } from './option.ts'

export interface StorageUrl {
  readonly bucket: string
  /** Words separated by '/', without one at either end; '' where the bucket is all ours. */
  readonly prefix: string
  /** Undefined: what the environment or the profile says. */
  readonly region: string | undefined
  /** Of a server that is not AWS: http:// or https://, host and port. */
  readonly endpoint: string | undefined
  /** The bucket stands in the path, not in the name of the host. */
  readonly pathStyle: boolean
  /** Encryption by the store: undefined is the bucket's own default. */
  readonly encryption: 'AES256' | 'aws:kms' | undefined
  readonly kmsKeyId: string | undefined
  /** What the store verifies of what it got. Never nothing: see ADR 0008. */
  readonly checksum: 'crc32c' | 'sha256'
  /** Larger objects are stored in parts. Bytes. */
  readonly multipartAbove: number
}

export type StorageUrlRead =
  | { readonly ok: true; readonly url: StorageUrl }
  /** What is wrong, where, and what is allowed. */
  | { readonly ok: false; readonly wrong: string }

/** What may follow the '?': also the reference in docs/storage-s3.md. */
export const storageParameters: Readonly<Record<string, OptionSpec>> = {
  region: {
    type: 'string',
    default: undefined,
    doc: [
      'The region of the bucket. By default what AWS_REGION or the profile says, and us-east-1',
      'with an endpoint.',
    ],
  },
  endpoint: {
    type: 'string',
    default: undefined,
    doc: 'http://HOST:PORT or https://HOST of a server that is not AWS.',
  },
  'path-style': {
    type: 'boolean',
    default: undefined,
    doc: 'The bucket stands in the path. By default true with an endpoint, else false.',
  },
  sse: {
    type: 'choice',
    default: undefined,
    choices: ['AES256', 'aws:kms'],
    doc: "Encryption by the store. By default the bucket's own.",
  },
  'sse-kms-key-id': {
    type: 'string',
    default: undefined,
    doc: "The key of sse=aws:kms. By default the account's.",
  },
  checksum: {
    type: 'choice',
    default: 'crc32c',
    choices: ['crc32c', 'sha256'],
    doc: [
      'What proves to the store that bytes arrived as they were sent. sha256 is part of the',
      'signature and known to every server, but takes more CPU.',
    ],
  },
  'multipart-above': {
    type: 'integer',
    unit: 'bytes',
    default: 128 * 1024 * 1024,
    min: 5 * 1024 * 1024,
    max: 5 * 1024 * 1024 * 1024,
    doc: [
      'Larger objects are stored in parts. A part costs as much as an object, so one request',
      'is cheaper.',
    ],
  },
}

const allowedForm = 's3://BUCKET/PREFIX?region=…'
/** As AWS names buckets; other servers allow less or the same. */
const bucketPattern = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const wordsPattern = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/
/** S3 takes keys of 1,024 bytes, and ours have up to 200. */
const prefixLengthMax = 400

const wrong = (text: string): StorageUrlRead => ({ ok: false, wrong: text })

/** Reads `text` (untrusted). */
export function parseStorageUrl(text: string): StorageUrlRead {
  const parsed = URL.parse(text.trim())
  if (parsed?.protocol !== 's3:') return wrong(`must be ${allowedForm}`)
  if (parsed.username !== '' || parsed.password !== '') {
    return wrong('credentials do not belong in it: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY')
  }
  const bucket = parsed.hostname
  if (!bucketPattern.test(bucket) || parsed.port !== '') {
    return wrong(
      `bucket ${JSON.stringify(parsed.host)} must have ` +
        '3 to 63 lower-case letters, digits, "." and "-"',
    )
  }
  const prefix = parsed.pathname.replace(/^\//, '').replace(/\/$/, '')
  if (prefix !== '' && (prefix.length > prefixLengthMax || !wordsPattern.test(prefix))) {
    return wrong(
      `prefix ${JSON.stringify(prefix.slice(0, prefixLengthMax))} must have at most ` +
        `${prefixLengthMax} letters, digits, ".", "_", "-", in words separated by "/"`,
    )
  }
  if (parsed.hash !== '') return wrong(`"${parsed.hash}" is not understood: ${allowedForm}`)
  return readParameters(bucket, prefix, parsed.searchParams)
}

function readParameters(bucket: string, prefix: string, given: URLSearchParams): StorageUrlRead {
  const values = new Map<string, string | number | boolean>()
  for (const [name, text] of given) {
    const spec = Object.hasOwn(storageParameters, name) ? storageParameters[name] : undefined
    if (spec === undefined) {
      const known = Object.keys(storageParameters).join(', ')
      return wrong(`parameter ${JSON.stringify(name)} is unknown: there are ${known}`)
    }
    if (values.has(name)) return wrong(`parameter ${name} is given twice`)
    const read = readOption(spec, text)
    if (!read.ok) return wrong(`parameter ${name}=${text}: allowed is ${read.allowed}`)
    values.set(name, read.value)
  }
  return combine(bucket, prefix, values)
}

function combine(
  bucket: string,
  prefix: string,
  values: ReadonlyMap<string, string | number | boolean>,
): StorageUrlRead {
  const text = (name: string): string | undefined => values.get(name)?.toString()
  const given = text('endpoint')
  const endpoint = given === undefined ? undefined : URL.parse(given)
  if (endpoint === null || (endpoint !== undefined && !isEndpoint(endpoint))) {
    return wrong(`parameter endpoint=${given}: allowed is http://HOST:PORT or https://HOST:PORT`)
  }
  const encryption = text('sse') as StorageUrl['encryption']
  const kmsKeyId = text('sse-kms-key-id')
  if (kmsKeyId !== undefined && encryption !== 'aws:kms') {
    return wrong('parameter sse-kms-key-id needs sse=aws:kms')
  }
  const url: StorageUrl = {
    bucket,
    prefix,
    region: text('region') ?? (endpoint === undefined ? undefined : 'us-east-1'),
    endpoint: endpoint?.origin,
    pathStyle: (values.get('path-style') as boolean | undefined) ?? endpoint !== undefined,
    encryption,
    kmsKeyId,
    checksum: (text('checksum') ??
      storageParameters['checksum']?.default) as StorageUrl['checksum'],
    multipartAbove: Number(
      values.get('multipart-above') ?? storageParameters['multipart-above']?.default,
    ),
  }
  return { ok: true, url }
}

const isEndpoint = (url: URL): boolean =>
  (url.protocol === 'http:' || url.protocol === 'https:') &&
  url.username === '' &&
  url.password === '' &&
  url.pathname === '/' &&
  url.search === '' &&
  url.hash === ''
