/**
 * What is true of the whole cluster: its id, its leader epoch. Made once, by whoever opens it
 * first.
 */
import type { CatalogDatabase } from './database.ts'
import { clusterFacts } from './schema.ts'

export interface ClusterFacts {
  /** 22 characters of base64url: a UUID as Kafka prints it. */
  readonly clusterId: string
  /** The catalog's incarnation: 0, raised by a restore or an accepted loss. */
  readonly leaderEpoch: number
}

/** Reads the cluster's facts, and founds the cluster with `clusterId` where there is none. */
export function openCluster(database: CatalogDatabase, clusterId: string): Promise<ClusterFacts> {
  return database.transaction('open cluster', async (tx) => {
    const names = ['cluster.id', 'leader.epoch']
    await tx.insert(clusterFacts, [
      { name: 'cluster.id', value: clusterId },
      { name: 'leader.epoch', value: '0' },
    ])
    const [id, epoch] = await tx.get(
      clusterFacts,
      names.map((name) => [name]),
    )
    return { clusterId: id?.value ?? clusterId, leaderEpoch: Number(epoch?.value ?? 0) }
  })
}
