/** Files and folders as a port, so that the simulation can tear, lose, delay and refuse writes. */

export interface DiskFile {
  /**
   * Writes the chunks one behind the other from `position`. Not durable before `sync`.
   *
   * @throws Failure 'overloaded': no space; what was written is unspecified.
   * @throws Failure 'unavailable': input or output error; what was written is unspecified.
   */
  write(chunks: readonly Uint8Array[], position: number): Promise<void>
  /**
   * As `write` and `sync` of these bytes, in one step: durable when it resolves.
   *
   * @throws Failure as `write`: nothing is known of these bytes; never write this file again.
   */
  writeThrough(chunks: readonly Uint8Array[], position: number): Promise<void>
  /** Fills `into` from `position`; resolves with the bytes read, fewer only at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>
  /**
   * Makes what was written durable (fdatasync).
   *
   * @throws Failure 'unavailable': nothing is known of the unsynced writes; never write this file
   *   again.
   */
  sync(): Promise<void>
  size(): Promise<number>
  /** To be called when nothing else is under way on this file. */
  close(): Promise<void>
}

export interface FolderEntry {
  readonly name: string
  readonly size: number
  readonly modifiedMs: number
}

export interface Volume {
  /** The folder that was asked about, by its absolute path. */
  readonly folder: string
  readonly totalBytes: number
  /** Bytes that may still be written. */
  readonly freeBytes: number
}

/** Paths are absolute or relative as the adapter was built; folders are separated by '/'. */
export interface Disk {
  /**
   * 'create' refuses a file that exists ('conflict'); 'write' and 'read' one that does not
   * ('not-found').
   */
  open(path: string, mode: 'create' | 'write' | 'read'): Promise<DiskFile>
  /** Replaces `to` in one step; durable after `syncFolder` of its folder. */
  rename(from: string, to: string): Promise<void>
  /** Harmless where there is no such file. */
  remove(path: string): Promise<void>
  /** Files of a folder, not its subfolders, by name; [] where there is no such folder. */
  list(folder: string): Promise<FolderEntry[]>
  /** As `list`, the names alone: one call, where sizes would cost one for each file. */
  names(folder: string): Promise<string[]>
  /** Undefined where there is no such file. */
  stat(path: string): Promise<FolderEntry | undefined>
  /** With its parents; harmless where it exists. Durable on return. */
  makeFolder(folder: string): Promise<void>
  /** Makes creations, renames and removals in `folder` durable. */
  syncFolder(folder: string): Promise<void>
  /** Bytes that may still be written in the file system of `folder`. */
  freeBytes(folder: string): Promise<number>
  /** The file system of `folder`. */
  volume(folder: string): Promise<Volume>
}
