/**
 * A fleet of three of which one broker dies, and comes back under its name: what a scenario kills
 * and restarts as if it were one broker. The others serve meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../src/base/random.ts'
import { randomBelow } from '../../src/base/random.ts'
import type { BrokerProcess } from './broker-process.ts'
import { Fleet } from './fleet.ts'

/** Longer than it takes to be given up as dead: what others take over must be seen, too. */
const awayMsMax = 6_000

export class MortalFleet {
  /** All three, in an order of the seed's: most clients ask the first that answers. */
  readonly bootstrap: string
  readonly #fleet: Fleet
  readonly #random: Random
  #victim: BrokerProcess | undefined

  private constructor(fleet: Fleet, random: Random) {
    this.#fleet = fleet
    this.#random = random
    const all = fleet.brokers.map((broker) => ({ broker, key: random.uint32() }))
    const shuffled = all.toSorted((a, b) => a.key - b.key)
    this.bootstrap = shuffled.map(({ broker }) => broker.bootstrap).join(',')
  }

  static async start(random: Random, readyTimeoutMs: number): Promise<MortalFleet> {
    return new MortalFleet(await Fleet.start({ readyTimeoutMs }), random)
  }

  /** From the start of the process that was last started again to its ready line. */
  get readyMs(): number {
    return this.#victim?.readyMs ?? 0
  }

  /** kill -9 to one of them. Resolves when its process is gone. */
  async kill(): Promise<void> {
    const { brokers } = this.#fleet
    this.#victim = brokers[randomBelow(this.#random, brokers.length)]
    await this.#victim?.kill()
  }

  /** Leaves it dead for up to six seconds. Resolves when it is ready again. */
  async restart(): Promise<void> {
    await sleep(randomBelow(this.#random, awayMsMax))
    await this.#victim?.restart()
  }

  close(): Promise<void> {
    return this.#fleet.close()
  }
}
