/**
 * What a backup of the catalog consists of, written last: a backup without it never came to be.
 * Persisted as JSON.
 */
import { crc32c } from '../base/crc32c.ts'
import { Failure } from '../base/errors.ts'

/** Raised when what an older release wrote can be read no more. */
const format: number = 1

export interface BackupPart {
  /** The number in its key. */
  readonly part: number
  readonly table: string
  readonly rows: number
  /** As it is stored, compressed. */
  readonly bytes: number
  /** CRC-32C of that. */
  readonly checksum: number
}

export interface BackupManifest {
  readonly format: number
  readonly backupId: string
  readonly clusterId: string
  /** Of the tables: a release restores what it would write. */
  readonly schemaLevel: number
  /** Database time of the snapshot. */
  readonly createdMs: number
  readonly parts: readonly BackupPart[]
}

export function encodeManifestFile(manifest: Omit<BackupManifest, 'format'>): Uint8Array {
  const body = JSON.stringify({ format, ...manifest })
  return Buffer.from(JSON.stringify({ checksum: crc32c(Buffer.from(body)), body }))
}

/** @throws Failure 'corrupt': it is none, or damaged. 'invalid': of a later release. */
export function decodeManifestFile(bytes: Uint8Array, name: string): BackupManifest {
  const { checksum, body } = envelopeIn(bytes, name)
  if (crc32c(Buffer.from(body)) !== checksum) throw damaged(name)
  const found = JSON.parse(body) as BackupManifest
  if (found.format === format) return found
  throw new Failure(
    'invalid',
    `${name} is of format ${found.format}, this release knows ${format}: use a later one`,
  )
}

function envelopeIn(bytes: Uint8Array, name: string): { checksum: number; body: string } {
  try {
    const { checksum, body } = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>
    if (typeof checksum === 'number' && typeof body === 'string') return { checksum, body }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw damaged(name)
}

const damaged = (name: string): Failure =>
  new Failure('corrupt', `${name} is damaged: take another backup`)

/** Ids in the order of time, also as text: `20261129-084200-123`. */
export function backupIdOf(isoTime: string): string {
  const [date = '', time = ''] = isoTime.split('T')
  const clock = time.replace('Z', '').replaceAll(':', '').replace('.', '-')
  return `${date.replaceAll('-', '')}-${clock}`
}
