/** Takes what the feed tells into everything that this broker has in memory. */
import type { Change } from '../catalog/change-log.ts'
import type { LiveConfigs, ResourceKind } from '../catalog/live-configs.ts'
import type { CommitLogRow } from '../catalog/schema.ts'
import { groupsOfObjects } from '../catalog/tail.ts'
import type { ObjectJournal } from '../journal/object-journal.ts'
import type { BrokerLog } from '../log/broker-log.ts'
import type { FeedListener } from '../log/feed-follower.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import type { TopicDirectory } from '../log/topic-directory.ts'
import type { ClientQuotas } from '../quota/client-quotas.ts'

export interface FleetListenerParts {
  readonly logs: BrokerLog
  readonly journal: ObjectJournal
  readonly topics: TopicDirectory
  readonly configs: LiveConfigs
  readonly quotas: ClientQuotas
}

export class FleetListener implements FeedListener {
  readonly #parts: FleetListenerParts
  /** Partitions of which the catalog says more than this broker has heard of. */
  readonly #ahead = new Set<number>()

  constructor(parts: FleetListenerParts) {
    this.#parts = parts
  }

  groups(rows: readonly CommitLogRow[]): boolean {
    const { logs, journal } = this.#parts
    const gaps = logs.index.applyGroups(rows)
    journal.learn(groupsOfObjects(rows))
    return gaps.length === 0
  }

  async changed(change: Change): Promise<void> {
    const { topics, configs, quotas } = this.#parts
    switch (change.kind) {
      case 'topic':
        for (const topicId of change.names) await topics.hear(topicId)
        return
      case 'partition':
        return this.#partitions(change.names)
      case 'config':
        for (const [kind, name] of change.names) {
          await configs.reread({ kind: kind as ResourceKind, name })
        }
        return
      case 'quota':
        return quotas.load()
    }
  }

  async looked(): Promise<void> {
    if (this.#ahead.size > 0) await this.#partitions([])
  }

  /** What a change said of more than was known then is looked at again. */
  async #partitions(partitionIds: readonly number[]): Promise<void> {
    const { logs } = this.#parts
    const all = [...new Set([...partitionIds, ...this.#ahead])]
    for (const [index, row] of (await logs.freshPartitions(all)).entries()) {
      const partitionId = all[index] as number
      logs.extentIndex.forget(partitionId)
      const log = logs.index.get(partitionId)
      const isAll = row === undefined || log === undefined || log.takeIn(row)
      if (log !== undefined && this.#isCompacted(log)) {
        logs.tailCache.dropBelow(partitionId, row?.packedEnd ?? 0)
      }
      if (isAll) this.#ahead.delete(partitionId)
      else this.#ahead.add(partitionId)
    }
  }

  /** What is stored says less than what was sent, and its tombstones may be gone. */
  #isCompacted({ topicId }: PartitionLog): boolean {
    const policy = this.#parts.topics.byId(topicId)?.effective['cleanup.policy']
    return policy?.includes('compact') === true
  }

  async reset(): Promise<void> {
    const { logs, topics, configs, quotas, journal } = this.#parts
    await topics.reload()
    await configs.load()
    await quotas.load()
    journal.learn(groupsOfObjects(await logs.restoreAll()))
    for (const log of logs.index.all()) {
      if (this.#isCompacted(log)) logs.forgetStored(log)
      else logs.extentIndex.forget(log.partitionId)
    }
  }
}
