/** Deletes what deleted topics leave in the catalog; their bytes follow when objects die. */
import type { Clock } from '../base/clock.ts'
import { forgetTopic, readDeletedTopics, shrinkPartition } from '../catalog/collect-topics.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import type { ExtentIndex } from './extent-index.ts'
import type { TailCache } from './tail-cache.ts'

export interface TopicDropperDeps {
  readonly database: CatalogDatabase
  readonly extentIndex: ExtentIndex
  readonly tailCache: TailCache
  readonly clock: Clock
}

export interface DropStats {
  topics: number
  partitions: number
  extents: number
  bytes: number
}

export class TopicDropper {
  readonly #deps: TopicDropperDeps
  readonly stats: DropStats = { topics: 0, partitions: 0, extents: 0, bytes: 0 }

  constructor(deps: TopicDropperDeps) {
    this.#deps = deps
  }

  /** @throws Failure 'unavailable' | 'unknown-outcome': the rest goes the next time. */
  async dropAll(signal: AbortSignal): Promise<void> {
    const { database } = this.#deps
    for (const topic of await readDeletedTopics(database)) {
      for (const partitionId of topic.partitionIds) {
        if (signal.aborted) return
        await this.#drop(partitionId, signal)
      }
      if (signal.aborted) return
      if (await forgetTopic(database, topic.topicId)) this.stats.topics++
    }
  }

  async #drop(partitionId: number, signal: AbortSignal): Promise<void> {
    const { database, extentIndex, tailCache, clock } = this.#deps
    while (!signal.aborted) {
      const step = await shrinkPartition(database, partitionId, clock.nowMs())
      this.stats.extents += step.extents
      this.stats.bytes += step.bytes
      if (!step.isGone) continue
      this.stats.partitions++
      extentIndex.forget(partitionId)
      tailCache.drop(partitionId)
      return
    }
  }
}
