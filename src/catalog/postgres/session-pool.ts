/** Sessions that take turns: at most so many, made when they are needed, kept while they are sound. */
import { assert } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import { Failure } from '../../base/errors.ts'
import type { PostgresSession } from './session.ts'

/** Beyond it a caller has given up, or should. */
const waitMsMax = 5_000

interface Waiter {
  readonly take: (session: PostgresSession | undefined) => void
  readonly fail: (failure: Failure) => void
}

export class SessionPool {
  readonly #name: string
  readonly #size: number
  readonly #clock: Clock
  readonly #connect: () => Promise<PostgresSession>
  readonly #idle: PostgresSession[] = []
  readonly #waiters: Waiter[] = []
  readonly #sessions = new Set<PostgresSession>()
  #used = 0
  #closing: PromiseWithResolvers<void> | undefined

  constructor(name: string, size: number, clock: Clock, connect: () => Promise<PostgresSession>) {
    this.#name = name
    this.#size = size
    this.#clock = clock
    this.#connect = connect
  }

  /**
   * Resolves with a session that nobody else uses until it is given back.
   *
   * @throws Failure 'unavailable': no session came free in 5 s, or none could be made.
   * @throws Failure 'closed'.
   */
  async acquire(): Promise<PostgresSession> {
    if (this.#closing !== undefined) throw closed()
    if (this.#used >= this.#size) {
      const passed = await this.#wait()
      if (passed !== undefined) return passed
    } else this.#used++
    try {
      return this.#takeIdle() ?? (await this.#make())
    } catch (error) {
      this.#pass(undefined)
      throw error
    }
  }

  /** One that is lost, or in the middle of something, goes; its place is free. */
  release(session: PostgresSession): void {
    assert(this.#sessions.has(session), 'a session goes back to its pool')
    if (!session.isFree) {
      session.cut('it was given back in the middle of something')
      this.#sessions.delete(session)
      this.#pass(undefined)
    } else this.#pass(session)
  }

  /** Resolves once all that were handed out are back. */
  async close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#closing = Promise.withResolvers<void>()
      for (const waiter of this.#waiters.splice(0)) waiter.fail(closed())
      if (this.#used === 0) this.#closing.resolve()
    }
    await this.#closing.promise
    await Promise.all(Array.from(this.#sessions, (session) => session.end()))
    this.#sessions.clear()
  }

  /** All round trips of its sessions of today, for measurements. */
  get roundTrips(): number {
    return this.#sessions.values().reduce((sum, { roundTrips }) => sum + roundTrips, 0)
  }

  #takeIdle(): PostgresSession | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.isFree) return idle
      this.#sessions.delete(idle)
    }
    return undefined
  }

  async #make(): Promise<PostgresSession> {
    const session = await this.#connect()
    this.#sessions.add(session)
    return session
  }

  /** Hands a place on, with the session in it where there is one. */
  #pass(session: PostgresSession | undefined): void {
    const waiter = this.#waiters.shift()
    if (waiter !== undefined) {
      waiter.take(session)
      return
    }
    if (session !== undefined) this.#idle.push(session)
    this.#used--
    if (this.#used === 0) this.#closing?.resolve()
  }

  #wait(): Promise<PostgresSession | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<PostgresSession | undefined>()
    const timer = this.#clock.after(waitMsMax, () => {
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
      const text = `all ${this.#size} ${this.#name} were in use for ${waitMsMax} ms`
      reject(new Failure('unavailable', text))
    })
    const waiter: Waiter = {
      take: (session) => {
        timer.cancel()
        resolve(session)
      },
      fail: (failure) => {
        timer.cancel()
        reject(failure)
      },
    }
    this.#waiters.push(waiter)
    return promise
  }
}

function closed(): Failure {
  return new Failure('closed', 'the catalog is closed')
}
