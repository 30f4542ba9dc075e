/**
 * Where batches are packed anew for topics with a `compression.type` of their own: a port, because
 * it takes the processor for up to seconds, which a thread of its own has and a simulation has not.
 */
import type { Packing, RepackedBatch } from '../record/repack-batch.ts'
import type { BatchRules, Refusal } from '../record/validate-batch.ts'
import type { KnownTopic } from './topic-directory.ts'

export interface Repacker {
  /**
   * See `repackBatch`. The bytes must stay as they are until it is over.
   *
   * @throws Failure 'overloaded' | 'unavailable' | 'closed': nothing was made of them.
   */
  repack(bytes: Uint8Array, rules: BatchRules, packing: Packing): Promise<RepackedBatch | Refusal>
  close(): Promise<void>
}

/** How a topic's batches are stored; undefined: as their producers packed them. */
export function packingOf({ effective }: KnownTopic): Packing | undefined {
  const type = effective['compression.type']
  switch (type) {
    case 'producer':
      return undefined
    case 'uncompressed':
      return { codec: 'none' }
    case 'snappy':
      return { codec: type }
    case 'gzip':
    case 'lz4':
    case 'zstd':
      return { codec: type, level: effective[`compression.${type}.level`] }
  }
}
