/** docs/reference/storage-url.md, made of the table that the program reads. */
import { allowedOf, proseText } from '../src/config/option.ts'
import { storageParameters } from '../src/config/storage-url.ts'

const row = (...cells: string[]): string => `| ${cells.join(' | ')} |`

/** The whole page. */
export const storageReference = (): string =>
  [
    '# Storage URLs',
    '',
    'Made by `npm run docs` from src/config/storage-url.ts: edit that.',
    '',
    '```',
    's3://BUCKET/PREFIX?PARAMETER=VALUE&PARAMETER=VALUE',
    '```',
    '',
    '- BUCKET: 3 to 63 lower-case letters, digits, "." and "-". It must exist.',
    '- PREFIX: words of letters, digits, ".", "_" and "-", separated by "/"; may be left out.',
    '- Credentials are not part of it: they come from the environment, a profile, or the',
    '  role of the machine or pod. [S3](../storage-s3.md) tells which rights they need.',
    '',
    row('Parameter', 'Allowed', 'Default', 'What it does'),
    row('---', '---', '---', '---'),
    ...Object.entries(storageParameters).map(([name, spec]) => {
      const standard = spec.default === undefined ? 'none' : `\`${spec.default}\``
      return row(`\`${name}\``, allowedOf(spec), standard, proseText(spec.doc))
    }),
    '',
    'Examples: AWS; with a key of your own; MinIO and the like; R2; GCS.',
    '',
    '```',
    's3://lake/karst?region=eu-central-1',
    's3://lake/karst?region=eu-central-1&sse=aws:kms&sse-kms-key-id=arn:aws:kms:…',
    's3://lake/karst?endpoint=http://minio:9000',
    's3://lake/karst?endpoint=https://ID.r2.cloudflarestorage.com&region=auto',
    's3://lake/karst?endpoint=https://storage.googleapis.com&region=auto&checksum=sha256',
    '```',
    '',
  ].join('\n')
