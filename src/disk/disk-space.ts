/**
 * Whether there is room to take more. A full disk must still commit, cancel and delete: those make
 * room again. So the reserve is given up for them, and new bytes are refused until it is back.
 */
import { type Clock, sleep } from '../base/clock.ts'
import { Failure, isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Disk } from './disk.ts'
import { SpaceReserve } from './space-reserve.ts'

export interface DiskSpaceOptions {
  readonly disk: Disk
  /** Must be there. */
  readonly folder: string
  readonly clock: Clock
  readonly log: Log
  /** `disk.reserve.bytes`; 0: no reserve. */
  readonly reserveBytes: number
  /** Free bytes from which on more is taken again, besides the reserve: what the next file needs. */
  readonly resumeBytes: number
}

/** How soon space that came back is noticed. */
const lookMs = 1_000

/** Below this a failure of any kind is taken for one of space: SQLite names some otherwise. */
const scarceBytes = 1024 * 1024

export class DiskSpace {
  readonly #options: DiskSpaceOptions
  readonly #reserve: SpaceReserve | undefined
  readonly #stop = new AbortController()
  #reason: string | undefined
  #isLooking = false
  #looking: Promise<void> = Promise.resolve()
  /** So that what failed during a look is not taken for healed by it. */
  #failures = 0

  constructor(options: DiskSpaceOptions) {
    const { disk, folder, reserveBytes } = options
    this.#options = options
    if (reserveBytes > 0) this.#reserve = new SpaceReserve(disk, folder, reserveBytes)
  }

  /** Why nothing new is taken, for people; undefined where there is room. */
  get full(): string | undefined {
    return this.#reason
  }

  /** @throws Failure 'overloaded': the disk is full; nothing was written. */
  check(): void {
    if (this.#reason !== undefined) throw new Failure('overloaded', this.#reason)
  }

  /** Gives the reserve up where a start would otherwise fail: opening the catalog writes too. */
  async makeRoom(): Promise<void> {
    const { disk, folder, reserveBytes } = this.#options
    if ((await disk.freeBytes(folder)) < reserveBytes) await this.#giveUp()
  }

  /** Takes the reserve in the background; where there is no room for it, the disk is full. */
  start(): void {
    if (this.#isLooking) return
    this.#isLooking = true
    this.#looking = this.#look()
  }

  /**
   * To be told of every write that failed. Resolves when, if it was for want of space, nothing new
   * is taken any more and, where it was the catalog's, the reserve is given up.
   */
  async failed(error: unknown, writer: 'catalog' | 'journal'): Promise<void> {
    if (!isFailure(error) || this.#stop.signal.aborted) return
    const isFull = error.kind === 'overloaded' || (await this.#isScarce(error))
    if (!isFull) return
    this.#failures++
    this.#close(error.message)
    if (writer === 'catalog') await this.#giveUp()
    this.start()
  }

  /** Resolves when nothing is written any more. The reserve stays. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#looking
  }

  #close(why: string): void {
    if (this.#reason !== undefined) return
    const { log, folder, reserveBytes, resumeBytes } = this.#options
    this.#reason = `the disk of ${folder} is full: records are refused until space is free`
    const resumeAtBytes = reserveBytes + resumeBytes
    log.error({ why, folder, resumeAtBytes }, 'the disk is full: writes are refused, reads go on')
  }

  async #giveUp(): Promise<void> {
    try {
      await this.#reserve?.release()
    } catch (error) {
      this.#options.log.warn({ error }, 'the reserve of disk space cannot be given up')
    }
  }

  async #isScarce({ kind }: Failure): Promise<boolean> {
    if (kind !== 'unavailable' && kind !== 'unknown-outcome') return false
    const { disk, folder } = this.#options
    try {
      return (await disk.freeBytes(folder)) < scarceBytes
    } catch {
      return false // the disk fails altogether: not for want of space
    }
  }

  async #look(): Promise<void> {
    const { clock, log, folder, disk } = this.#options
    const { signal } = this.#stop
    while (!signal.aborted && !(await this.#isWell())) await sleep(clock, lookMs, signal)
    // Nothing is awaited from the last look to here: a failure from now on starts the next one.
    this.#isLooking = false
    if (this.#reason === undefined || signal.aborted) return
    this.#reason = undefined
    const freeBytes = await disk.freeBytes(folder).catch(() => undefined)
    log.info({ folder, freeBytes }, 'the disk has space again: writes are taken')
  }

  async #isWell(): Promise<boolean> {
    const failures = this.#failures
    try {
      if (await this.#hasRoom()) return failures === this.#failures
      this.#close('there is no space for the reserve')
    } catch (error) {
      this.#options.log.warn({ error }, 'the reserve of disk space cannot be taken')
      if (this.#reason === undefined) return true // the disk fails, which is not want of space
    }
    return false
  }

  async #hasRoom(): Promise<boolean> {
    const { disk, folder, reserveBytes, resumeBytes } = this.#options
    const isHeld = this.#reserve === undefined || (await this.#reserve.held())
    if (this.#reason !== undefined) {
      const neededBytes = resumeBytes + (isHeld ? 0 : reserveBytes)
      if ((await disk.freeBytes(folder)) < neededBytes) return false
    }
    return isHeld || (await this.#reserve.hold())
  }
}
