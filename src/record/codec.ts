/**
 * Names of the compression codecs of record batches; persisted in every batch as three bits, so
 * their ids are fixed.
 */

export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** Position is the id on the wire. */
export const CODECS: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** The codec with this id, or undefined for 5 to 7, which nobody has defined. */
export function codecOf(codecId: number): Codec | undefined {
  return CODECS[codecId]
}

export function codecIdOfName(codec: Codec): number {
  return CODECS.indexOf(codec)
}
