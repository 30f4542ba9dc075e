/** What has come for the group that is open. */
export interface Gathered {
  readonly count: number
  readonly byteLength: number
  /** When its first append came, by the monotonic clock. */
  readonly begunMs: number
  /** All of its appends say that more like them will come in a moment. */
  readonly isFollowed: boolean
}

/** When the open group of a lane is sealed, beside the limits of its size. */
export interface SealPolicy {
  /** A group was answered while `waiting` appends had come for the next one. */
  answered(count: number, waiting: number): void
  /** True where the open group shall wait; who appends to it asks again. */
  isDue(open: Gathered): boolean
  /** The group that was open is sealed. */
  sealed(): void
}
