/** Records as tests send and see them, whatever client did it. */
export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

export const codecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

export interface SentRecord {
  key: string | null
  value: string | null
  headers: [name: string, value: string][]
  /** Only for clients that can choose. */
  partition?: number
  /** Milliseconds since 1970; only for clients that can choose. */
  timestamp?: number
}

export interface SeenRecord {
  partition: number
  offset: number
  key: string | null
  value: string | null
  headers: [name: string, value: string][]
  timestamp: number
}

/** A client of one language, reduced to what the cross matrix needs. */
export interface MatrixClient {
  name: string
  /** Java puts snappy into blocks of its own (xerial), which not every client can read. */
  readsFramedSnappy: boolean
  /** Resolves when every record is acknowledged (acks=all). */
  produce: (bootstrap: string, topic: string, records: SentRecord[], codec: Codec) => Promise<void>
  /** Reads a topic from its beginning; resolves with the first `count` records, in any order. */
  consume: (bootstrap: string, topic: string, count: number) => Promise<SeenRecord[]>
}
