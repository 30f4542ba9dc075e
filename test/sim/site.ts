/** What a simulated run stands on: one embedded broker, or a fleet. */
import type { Log } from '../../src/base/log.ts'
import type { Random } from '../../src/base/random.ts'
import type { VirtualClock } from '../support/virtual-clock.ts'
import type { ServedBroker } from '../contract/contracts-at.ts'
import type { Asker } from './sim-client.ts'
import type { SimNetwork } from './sim-network.ts'

export interface SiteParts {
  readonly clock: VirtualClock
  readonly random: Random
  readonly network: SimNetwork
  readonly log: Log
  readonly note: (line: string) => void
  /** The run has failed. */
  readonly failed: (error: unknown) => void
  /** True while things may go wrong. */
  readonly hasFaults: () => boolean
}

export interface Site {
  /** Processes that were killed. */
  readonly crashes: number
  /** Resolves when clients are served. */
  boot(): Promise<void>
  /** A client that finds its way among the brokers. */
  client(name: string): Asker
  /** For each broker that serves: a client that asks nobody else. */
  pinned(name: string): readonly Asker[]
  /** A broker that serves now, any of them. */
  server(): ServedBroker | undefined
  /** One thing goes wrong. May last. */
  disturb(): Promise<void>
  /** No more faults: resolves when everything is up. */
  calm(): Promise<void>
  /** Kills everything, and boots again. */
  restart(): Promise<void>
  /** Holds what is stored against the catalog, once nothing goes on. */
  audit(): Promise<void>
}

/**
 * Of a broker that serves a few clients: the 64 MiB that it takes otherwise, at each of its starts,
 * were half of what the collector of garbage had to do.
 */
export const simSlabs = { poison: true, largeBytes: 262_144, regionBytes: 0 }

export const errorOf = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error))
