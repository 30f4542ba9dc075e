/**
 * Tells clients of a partition that left this broker to ask for metadata anew. Any broker serves
 * any partition, so this is a hint: it is given only when every broker shows the new placement, so
 * that nobody sends the client back, and only for a while, so that one who stays is served.
 */
import type { Clock } from '../base/clock.ts'
import type { ClusterView } from '../fleet/cluster-view.ts'

/** A connection is told so long: clients that heed it are gone long before. */
const nudgeMsMax = 5_000

interface Nudge {
  readonly version: number
  readonly untilMs: number
}

interface Connection {
  readonly nudges: Map<number, Nudge>
  /** Appends of the connection that are not decided, by partition. */
  readonly pending: Map<number, number>
}

export class Nudges {
  readonly #cluster: ClusterView
  readonly #clock: Clock
  readonly #connections = new WeakMap<object, Connection>()

  constructor(cluster: ClusterView, clock: Clock) {
    this.#cluster = cluster
    this.#clock = clock
  }

  /** True where the client of that connection shall look for the partition's broker anew. */
  isDue(peer: object, partitionId: number, zone: string | undefined): boolean {
    const version = this.#cluster.leftInVersion(partitionId, zone)
    if (version === undefined) return false
    const { nudges, pending } = this.#of(peer)
    const nowMs = this.#clock.monotonicMs()
    const given = nudges.get(partitionId)
    if (given?.version === version) return nowMs < given.untilMs
    // What is on its way here must not be overtaken by what the client sends elsewhere.
    if ((pending.get(partitionId) ?? 0) > 0) return false
    nudges.set(partitionId, { version, untilMs: nowMs + nudgeMsMax })
    return true
  }

  /** An append of that connection entered the journal's order; call the result when it is decided. */
  began(peer: object, partitionId: number): () => void {
    const { pending } = this.#of(peer)
    pending.set(partitionId, (pending.get(partitionId) ?? 0) + 1)
    return () => {
      const left = (pending.get(partitionId) ?? 1) - 1
      if (left === 0) pending.delete(partitionId)
      else pending.set(partitionId, left)
    }
  }

  #of(peer: object): Connection {
    const known = this.#connections.get(peer)
    if (known !== undefined) return known
    const fresh: Connection = { nudges: new Map(), pending: new Map() }
    this.#connections.set(peer, fresh)
    return fresh
  }
}
