/** Packs batches anew where it is called, so that a simulation decides when it is done. */
import type { Repacker } from '../../src/log/repacker.ts'
import { repackBatch } from '../../src/record/repack-batch.ts'

export const inlineRepacker: Repacker = {
  repack: async (bytes, rules, packing) => repackBatch(bytes, rules, packing),
  close: async () => undefined,
}
