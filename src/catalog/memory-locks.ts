/**
 * Row locks of the memory adapter: shared or exclusive, first come first served, with a limit to
 * the wait.
 */
import type { Clock } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import { catalogLimits, type LockMode } from './database.ts'
import { keyText, type Key, type KeyPart } from './table.ts'

interface Waiter<Owner> {
  readonly owner: Owner
  readonly mode: LockMode
  readonly grant: () => void
}

interface RowLock<Owner> {
  readonly holders: Map<Owner, LockMode>
  readonly waiters: Waiter<Owner>[]
}

/** A key can be locked whether or not there is a row: whoever inserts it holds it until the end. */
export class MemoryLocks<Owner extends object> {
  readonly #clock: Clock
  readonly #tables = new Map<string, Map<KeyPart, RowLock<Owner>>>()
  readonly #held = new Map<Owner, { readonly table: string; readonly key: KeyPart }[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  holders(table: string, key: Key): ReadonlyMap<Owner, LockMode> | undefined {
    return this.#tables.get(table)?.get(keyText(key))?.holders
  }

  /** True where `owner` holds the key in `mode` or stronger now; false where it must wait. */
  tryAcquire(owner: Owner, table: string, key: Key, mode: LockMode): boolean {
    const text = keyText(key)
    const lock = this.#lock(table, text)
    const held = lock.holders.get(owner)
    if (held === 'exclusive' || held === mode) return true
    if (lock.waiters.length > 0 || !isFree(lock, owner, mode)) return false
    this.#grant(lock, owner, mode, table, text)
    return true
  }

  /**
   * Resolves once `owner` holds the key, behind all who asked before.
   *
   * @throws Failure 'unavailable': the limit of the wait is over; deadlocks end so too.
   */
  wait(owner: Owner, table: string, key: Key, mode: LockMode): Promise<void> {
    const text = keyText(key)
    const lock = this.#lock(table, text)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = this.#clock.after(catalogLimits.lockWaitMs, () => {
      lock.waiters.splice(lock.waiters.indexOf(waiter), 1)
      this.#wake(lock, table, text)
      const what = `${table} ${JSON.stringify(key)}`
      reject(new Failure('unavailable', `${what} was locked for ${catalogLimits.lockWaitMs} ms`))
    })
    const waiter: Waiter<Owner> = {
      owner,
      mode,
      grant: () => {
        timer.cancel()
        this.#grant(lock, owner, mode, table, text)
        resolve()
      },
    }
    lock.waiters.push(waiter)
    return promise
  }

  /** Gives one lock back, for a wait that showed that there is nothing to hold. */
  release(owner: Owner, table: string, key: Key): void {
    const text = keyText(key)
    this.#free(owner, table, text)
    const held = this.#held.get(owner)
    const at = held?.findIndex((one) => one.table === table && one.key === text) ?? -1
    if (at >= 0) held?.splice(at, 1)
  }

  releaseAll(owner: Owner): void {
    const held = this.#held.get(owner) ?? []
    this.#held.delete(owner)
    for (const { table, key } of held) this.#free(owner, table, key)
  }

  #free(owner: Owner, table: string, key: KeyPart): void {
    const lock = this.#tables.get(table)?.get(key)
    if (lock === undefined) return
    lock.holders.delete(owner)
    this.#wake(lock, table, key)
  }

  #wake(lock: RowLock<Owner>, table: string, key: KeyPart): void {
    while (lock.waiters[0] !== undefined) {
      const { owner, mode } = lock.waiters[0]
      if (!isFree(lock, owner, mode)) break
      lock.waiters.shift()?.grant()
    }
    if (lock.holders.size + lock.waiters.length === 0) this.#tables.get(table)?.delete(key)
  }

  #grant(lock: RowLock<Owner>, owner: Owner, mode: LockMode, table: string, key: KeyPart): void {
    if (!lock.holders.has(owner)) {
      const held = this.#held.get(owner)
      if (held === undefined) this.#held.set(owner, [{ table, key }])
      else held.push({ table, key })
    }
    lock.holders.set(owner, mode)
  }

  #lock(table: string, key: KeyPart): RowLock<Owner> {
    let rows = this.#tables.get(table)
    if (rows === undefined) this.#tables.set(table, (rows = new Map()))
    let lock = rows.get(key)
    if (lock === undefined) rows.set(key, (lock = { holders: new Map(), waiters: [] }))
    return lock
  }
}

function isFree<Owner>(lock: RowLock<Owner>, owner: Owner, mode: LockMode): boolean {
  for (const [holder, held] of lock.holders) {
    if (holder !== owner && (held === 'exclusive' || mode === 'exclusive')) return false
  }
  return true
}
