import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseStorageUrl, type StorageUrl } from './storage-url.ts'

const standard: StorageUrl = {
  bucket: 'lake',
  prefix: '',
  region: undefined,
  endpoint: undefined,
  pathStyle: false,
  encryption: undefined,
  kmsKeyId: undefined,
  checksum: 'crc32c',
  multipartAbove: 134_217_728,
}

test('what is written is what is meant', () => {
  const cases: readonly [string, Partial<StorageUrl>][] = [
    ['s3://lake', {}],
    ['s3://lake/', {}],
    [' s3://lake/prod/karst/ ', { prefix: 'prod/karst' }],
    ['s3://lake?region=eu-central-1', { region: 'eu-central-1' }],
    [
      's3://lake/k?endpoint=http://127.0.0.1:9000',
      {
        prefix: 'k',
        endpoint: 'http://127.0.0.1:9000',
        region: 'us-east-1',
        pathStyle: true,
      },
    ],
    [
      's3://lake?endpoint=https://storage.example/&path-style=false&region=auto',
      { endpoint: 'https://storage.example', region: 'auto', pathStyle: false },
    ],
    ['s3://lake?sse=AES256', { encryption: 'AES256' }],
    [
      's3://lake?sse=aws:kms&sse-kms-key-id=arn:aws:kms:eu-west-1:1:key/a',
      { encryption: 'aws:kms', kmsKeyId: 'arn:aws:kms:eu-west-1:1:key/a' },
    ],
    [
      's3://lake?checksum=sha256&multipart-above=64MiB',
      { checksum: 'sha256', multipartAbove: 67_108_864 },
    ],
  ]
  for (const [text, more] of cases) {
    assert.deepEqual(parseStorageUrl(text), { ok: true, url: { ...standard, ...more } }, text)
  }
})

test('what is wrong is said, with where and what is allowed', () => {
  const cases: readonly [string, RegExp][] = [
    ['', /must be s3:\/\/BUCKET/],
    ['https://lake', /must be s3:\/\/BUCKET/],
    ['s3:', /bucket "" must have 3 to 63/],
    ['s3://Lake', /bucket "Lake" must have 3 to 63 lower-case/],
    ['s3://lake:9000/a', /bucket "lake:9000" must have/],
    ['s3://key:secret@lake/a', /credentials do not belong in it: set AWS_ACCESS_KEY_ID/],
    ['s3://lake/a//b', /prefix "a\/\/b" must have/],
    ['s3://lake/.a', /prefix "\.a" must have/],
    ['s3://lake/%41', /prefix "%41" must have/],
    ['s3://lake#a', /"#a" is not understood/],
    ['s3://lake?zone=a', /parameter "zone" is unknown: there are region, endpoint, path-style/],
    ['s3://lake?constructor=a', /parameter "constructor" is unknown/],
    ['s3://lake?region=a&region=b', /parameter region is given twice/],
    ['s3://lake?path-style=yes', /parameter path-style=yes: allowed is .*true/],
    ['s3://lake?sse=DES', /parameter sse=DES: allowed is .*AES256/],
    ['s3://lake?sse-kms-key-id=a', /sse-kms-key-id needs sse=aws:kms/],
    ['s3://lake?endpoint=127.0.0.1:9000', /endpoint=127.0.0.1:9000: allowed is http:\/\/HOST:PORT/],
    ['s3://lake?endpoint=http://a:b@host', /parameter endpoint=/],
    ['s3://lake?multipart-above=1MiB', /parameter multipart-above=1MiB: allowed is/],
  ]
  for (const [text, wrong] of cases) {
    const read = parseStorageUrl(text)
    assert.ok(!read.ok, text)
    assert.match(read.wrong, wrong, text)
  }
})

test('no text makes it throw, and what it accepts names a bucket', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (rest, query) => {
      const read = parseStorageUrl(`s3://${rest}?${query}`)
      if (read.ok) assert.match(read.url.bucket, /^[a-z0-9.-]{3,63}$/)
      else assert.ok(read.wrong.length > 0)
    }),
  )
})
