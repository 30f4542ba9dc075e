/**
 * The write-ahead log: makes a group of appends durable by one write. What it means is decided by
 * the commit.
 */

/** The name of a group: unique for ever, chosen by the broker that sealed it. */
export interface GroupId {
  readonly incarnation: number
  readonly groupNumber: number
}

/**
 * What a journal needs of a run to describe it beside its bytes (for the doctor, after a catalog's
 * loss).
 */
export interface JournalRun {
  readonly topicId: string
  readonly partitionIndex: number
  readonly length: number
  readonly batches: number
}

export interface JournalGroup {
  readonly id: GroupId
  readonly createdMs: number
  /** In the order of the bytes. */
  readonly runs: readonly JournalRun[]
  /** The batches, one behind the other; not changed until the write ends. */
  readonly chunks: readonly Uint8Array[]
  readonly byteLength: number
}

/** Where a group became durable. */
export interface GroupPlace {
  readonly objectId: string
  /** Where the group begins in the object, header included. */
  readonly position: number
  /** Header and bytes. */
  readonly length: number
  /** Where its first batch begins in the object. */
  readonly bytesPosition: number
}

/**
 * A named place of the journal that the catalog knows, given to `open` so that writing resumes
 * behind it.
 */
export interface KnownGroup extends Omit<GroupPlace, 'bytesPosition'> {
  readonly id: GroupId
}

/**
 * Told where the group will be while it is being written, where a journal knows that before:
 * nothing is durable then. A journal that does not know never calls it.
 */
export type Placed = (place: GroupPlace) => void

export interface Journal {
  /**
   * Resolves when the group is durable. Writes may overlap; each resolves on its own.
   *
   * @throws Failure 'overloaded' (no space) | 'unavailable': the group is not to be committed. Its
   *   bytes may be on the disk all the same: only the catalog's claim says whether it counts.
   */
  write(group: JournalGroup, placed?: Placed): Promise<GroupPlace>
  /**
   * Exactly `length` bytes from `position` of a journal object.
   *
   * @throws Failure 'not-found': retired. 'corrupt': isolated or shorter. 'unavailable': try again.
   */
  read(
    objectId: string,
    position: number,
    length: number,
    /**
     * Filled from its start where given, with room for `length`: reused buffers read 1.5 times
     * faster.
     */
    into?: Uint8Array,
  ): Promise<Uint8Array>
  /** The object will be read in a moment: one that is far away may be fetched ahead. */
  prepare?(objectId: string): void
  /**
   * Objects that are not written any more, so that packing may end them. The active one is not
   * among them.
   */
  finished(): readonly string[]
  /** Ends the active object, so that it can be packed; the next write begins another. */
  roll(): Promise<void>
  /** The object is named by nothing any more: its space may be used again once no read is under way. */
  retire(objectId: string): Promise<void>
  /** Refuses further writes, waits for those under way, closes files. */
  close(): Promise<void>
}
