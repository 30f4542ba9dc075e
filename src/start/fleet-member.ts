/**
 * A broker among others: its membership and its look at the feed, from the first client to the
 * last.
 */
import type { Log } from '../base/log.ts'
import type { TaskGroup } from '../base/task-group.ts'
import { leaveLease, takeLease } from '../catalog/job-leases.ts'
import type { Config } from '../config/options.ts'
import { Membership } from '../fleet/membership.ts'
import { SlotLoad } from '../fleet/slot-load.ts'
import type { SharedJobs } from '../log/jobs.ts'
import type { LogIndex } from '../log/log-index.ts'
import type { FleetListener } from './fleet-listener.ts'
import type { FleetStorage } from './fleet-storage.ts'
import type { World } from './world.ts'

/** Clients are told to go elsewhere for at most so long: they ask for metadata when something fails. */
const drainMsMax = 8_000

export class FleetMember {
  readonly membership: Membership
  readonly #storage: FleetStorage
  readonly #log: Log
  readonly #stop = new AbortController()
  #running: Promise<unknown> = Promise.resolve()
  #isServing = false

  constructor(config: Config, { log }: World, storage: FleetStorage) {
    const { clock, database, logs, nodeId, incarnation } = storage
    this.#storage = storage
    this.#log = log
    const identity = {
      ...{ nodeId, incarnation },
      name: config['broker.name'] ?? '',
      rack: config['broker.rack'] ?? '',
    }
    this.membership = new Membership({
      ...{ database, clock, identity },
      log: log.child({ part: 'fleet' }),
      load: new SlotLoad(() => trafficOf(logs.index)),
      impaired: () => storage.bucket.told(),
      bucketWrites: () => storage.bucket.writes,
    })
    const { membership } = this
    membership.onChange(() => storage.inlineBudget.share(membership.nodes().length))
  }

  /**
   * Registers the broker, once its address is known, and begins to follow the others.
   *
   * @throws Failure 'unavailable' | 'unknown-outcome' | 'fenced'
   */
  async begin(
    address: { readonly host: string; readonly port: number },
    listener: FleetListener,
    tasks: TaskGroup,
  ): Promise<void> {
    await this.membership.begin(address)
    this.#isServing = true
    const { signal } = this.#stop
    const { follower } = this.#storage
    const running = [
      this.membership.run(signal).catch((error: unknown) => tasks.fail('membership', error)),
      this.#storage.bucket
        .run(signal, () => this.membership.hasImpaired())
        .catch((error: unknown) => tasks.fail('bucket', error)),
      follower.run(listener, signal).catch((error: unknown) => tasks.fail('feed', error)),
    ]
    this.#running = Promise.all(running)
  }

  /** Clients go elsewhere, while all goes on here as before. */
  async drain(): Promise<void> {
    if (!this.#isServing) return
    try {
      await this.membership.drain(drainMsMax)
    } catch (error) {
      this.#log.warn(
        { error },
        'clients were not told to go elsewhere: they find out by themselves',
      )
    }
  }

  /** The others need not wait for this broker's death. */
  async leave(): Promise<void> {
    this.#stop.abort()
    await this.#running
    if (!this.#isServing) return
    await this.membership.leave().catch((error: unknown) => {
      this.#log.warn({ error }, 'the end was not told: the others notice it in two seconds')
    })
  }

  /** What makes jobs those of a cluster. */
  get sharedJobs(): SharedJobs {
    const { database, incarnation, clock } = this.#storage
    return {
      mayRun: (job) => this.mayRun(job),
      leave: (job) => leaveLease(database, leaseOf(job), incarnation),
      clockDifferenceMs: () => clock.differenceMs(),
    }
  }

  /** Whether this broker runs that job of the cluster now. @throws Failure 'unavailable' */
  mayRun(job: string): Promise<boolean> {
    const { database, incarnation } = this.#storage
    const { membership } = this
    return takeLease(database, leaseOf(job), incarnation, (other) => membership.isAlive(other))
  }
}

const leaseOf = (job: string): string => `job/${job}`

function* trafficOf(index: LogIndex): Iterable<{ partitionId: number; bytes: number }> {
  for (const { partitionId, traffic } of index.all()) {
    yield { partitionId, bytes: traffic.appendedBytes + traffic.readBytes }
  }
}
