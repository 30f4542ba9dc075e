/** What a simulation may decide about the memory adapter: who goes on when, and what goes wrong. */

export interface MemoryPoint {
  /** The name that the caller gave the transaction or snapshot. */
  readonly transaction: string
  /** Counts transactions and snapshots of this database, in the order of asking. */
  readonly id: number
  /** 'granted' follows a wait for a lock; 'committed' lies between the commit and its answer. */
  readonly at:
    | 'begin'
    | 'get'
    | 'scan'
    | 'lock'
    | 'insert'
    | 'put'
    | 'delete'
    | 'granted'
    | 'commit'
    | 'committed'
    | 'changes'
    | 'announce'
  /** For statements. */
  readonly table?: string
}

/**
 * - `fail`: the statement or the commit fails before anything is done; the transaction is void. At
 *   'commit' only, all answered 'unknown-outcome':
 * - `lose-answer`: it commits.
 * - `lose-request`: it never commits, and its locks are free.
 * - `zombie`: the server still holds the locks until `until` resolves, then commits, or does not.
 */
export type MemoryFault =
  | { readonly fault: 'fail' }
  | { readonly fault: 'lose-answer' }
  | { readonly fault: 'lose-request' }
  | { readonly fault: 'zombie'; readonly until: Promise<void>; readonly commits: boolean }

export interface MemoryHooks {
  /** Awaited before every statement and commit, after every wait for a lock, and after every commit. */
  readonly pause?: (point: MemoryPoint) => Promise<void>
  /**
   * Asked after the pause at 'begin', every statement and 'commit'; at 'changes', and at
   * 'announce', where `fail` loses the call.
   */
  readonly fault?: (point: MemoryPoint) => MemoryFault | undefined
}
