/**
 * What this broker knows of transactions that are open, so that most produce requests need not ask
 * the catalog. A hint only: whoever writes for a transaction is judged in the commit by the rows
 * themselves (commit-judge.ts), and what another broker has ended meanwhile is refused there.
 */
import type { ProducerIdentity } from './state-table.ts'

/** Transactional ids remembered at once; beyond it the one that was remembered first goes. */
const idsMax = 2_000
/** Partitions remembered of one; others are asked for. */
const partitionsMax = 200

interface Known extends ProducerIdentity {
  readonly serial: number
  readonly partitionIds: Set<number>
}

export class OpenTransactions {
  readonly #known = new Map<string, Known>()

  /** These partitions are registered with the transaction. */
  remember(
    transactionalId: string,
    { producerId, producerEpoch }: ProducerIdentity,
    serial: number,
    partitionIds: readonly number[],
  ): void {
    const known = this.#of(transactionalId, { producerId, producerEpoch })
    const kept = known?.serial === serial ? known.partitionIds : new Set<number>()
    for (const id of partitionIds) if (kept.size < partitionsMax) kept.add(id)
    this.#known.set(transactionalId, { producerId, producerEpoch, serial, partitionIds: kept })
    if (this.#known.size <= idsMax) return
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest)
      return
    }
  }

  /** The producer's open transaction, where all of the partitions are known to be in it. */
  serialOf(
    transactionalId: string,
    producer: ProducerIdentity,
    partitionIds: readonly number[],
  ): number | undefined {
    const known = this.#of(transactionalId, producer)
    return partitionIds.every((id) => known?.partitionIds.has(id)) ? known?.serial : undefined
  }

  forget(transactionalId: string): void {
    this.#known.delete(transactionalId)
  }

  #of(transactionalId: string, producer: ProducerIdentity): Known | undefined {
    const known = this.#known.get(transactionalId)
    const isSame =
      known?.producerId === producer.producerId && known.producerEpoch === producer.producerEpoch
    return isSame ? known : undefined
  }
}
