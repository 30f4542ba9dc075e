/**
 * What is true of the whole cluster: its id, its leader epoch. Made once, by whoever opens it
 * first.
 */
import { Failure } from '../base/errors.ts'
import type { CatalogDatabase, CatalogReader } from './database.ts'
import { refuseRescue } from './rescue-state.ts'
import { clusterFacts } from './schema.ts'

export interface ClusterFacts {
  /** 22 characters of base64url: a UUID as Kafka prints it. */
  readonly clusterId: string
  /** The catalog's incarnation: 0, raised by a restore or an accepted loss. */
  readonly leaderEpoch: number
}

/**
 * Reads the cluster's facts, and founds the cluster with `clusterId` where there is none.
 *
 * @throws Failure 'conflict': the catalog is in rescue, see rescue-state.ts.
 */
export function openCluster(database: CatalogDatabase, clusterId: string): Promise<ClusterFacts> {
  return database.transaction('open cluster', async (tx) => {
    await refuseRescue(tx)
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

/**
 * The facts of a cluster that exists, for tools.
 *
 * @throws Failure 'invalid': no cluster was founded here.
 */
export async function readCluster(catalog: CatalogReader): Promise<ClusterFacts> {
  const [id, epoch] = await catalog.snapshot('read cluster', (tx) =>
    tx.get(clusterFacts, [['cluster.id'], ['leader.epoch']]),
  )
  if (id !== undefined) return { clusterId: id.value, leaderEpoch: Number(epoch?.value ?? 0) }
  throw new Failure('invalid', 'the catalog is empty: no broker was ever started with it')
}
