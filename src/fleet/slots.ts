/**
 * Slots: what is placed on brokers. Partitions share few of them, so that a map of slots is small,
 * whatever the number of partitions. Persisted in placements: never changed.
 */
import { crc32c } from '../base/crc32c.ts'

export const slotCount = 256

/** Ids are given in sequence: the partitions of a topic are spread evenly. */
export const slotOfPartition = (partitionId: number): number => partitionId % slotCount

/** Of a consumer group or a transactional id. */
export const slotOfName = (name: string): number =>
  crc32c(new TextEncoder().encode(name)) % slotCount
