/**
 * Every API that Karst speaks, by key. A handler imports the API it serves; the router and tools
 * look keys up here.
 */
import { produce } from './messages/00-produce.ts'
import { fetch } from './messages/01-fetch.ts'
import { listOffsets } from './messages/02-list-offsets.ts'
import { metadata } from './messages/03-metadata.ts'
import { offsetCommit } from './messages/08-offset-commit.ts'
import { offsetFetch } from './messages/09-offset-fetch.ts'
import { findCoordinator } from './messages/10-find-coordinator.ts'
import { joinGroup } from './messages/11-join-group.ts'
import { heartbeat } from './messages/12-heartbeat.ts'
import { leaveGroup } from './messages/13-leave-group.ts'
import { syncGroup } from './messages/14-sync-group.ts'
import { describeGroups } from './messages/15-describe-groups.ts'
import { listGroups } from './messages/16-list-groups.ts'
import { apiVersions } from './messages/18-api-versions.ts'
import { createTopics } from './messages/19-create-topics.ts'
import { deleteTopics } from './messages/20-delete-topics.ts'
import { deleteRecords } from './messages/21-delete-records.ts'
import { initProducerId } from './messages/22-init-producer-id.ts'
import { offsetForLeaderEpoch } from './messages/23-offset-for-leader-epoch.ts'
import { addPartitionsToTxn } from './messages/24-add-partitions-to-txn.ts'
import { addOffsetsToTxn } from './messages/25-add-offsets-to-txn.ts'
import { endTxn } from './messages/26-end-txn.ts'
import { writeTxnMarkers } from './messages/27-write-txn-markers.ts'
import { txnOffsetCommit } from './messages/28-txn-offset-commit.ts'
import { describeConfigs } from './messages/32-describe-configs.ts'
import { alterConfigs } from './messages/33-alter-configs.ts'
import { alterReplicaLogDirs } from './messages/34-alter-replica-log-dirs.ts'
import { describeLogDirs } from './messages/35-describe-log-dirs.ts'
import { createPartitions } from './messages/37-create-partitions.ts'
import { deleteGroups } from './messages/42-delete-groups.ts'
import { electLeaders } from './messages/43-elect-leaders.ts'
import { incrementalAlterConfigs } from './messages/44-incremental-alter-configs.ts'
import { alterPartitionReassignments } from './messages/45-alter-partition-reassignments.ts'
import { listPartitionReassignments } from './messages/46-list-partition-reassignments.ts'
import { offsetDelete } from './messages/47-offset-delete.ts'
import { describeClientQuotas } from './messages/48-describe-client-quotas.ts'
import { alterClientQuotas } from './messages/49-alter-client-quotas.ts'
import { describeQuorum } from './messages/55-describe-quorum.ts'
import { updateFeatures } from './messages/57-update-features.ts'
import { describeCluster } from './messages/60-describe-cluster.ts'
import { describeProducers } from './messages/61-describe-producers.ts'
import { describeTransactions } from './messages/65-describe-transactions.ts'
import { listTransactions } from './messages/66-list-transactions.ts'
import { listConfigResources } from './messages/74-list-config-resources.ts'
import { describeTopicPartitions } from './messages/75-describe-topic-partitions.ts'
import { consumerGroupHeartbeat } from './messages/68-consumer-group-heartbeat.ts'
import { consumerGroupDescribe } from './messages/69-consumer-group-describe.ts'
import type { AnyApi } from './message.ts'

export const apis: {
  readonly 0: typeof produce
  readonly 1: typeof fetch
  readonly 2: typeof listOffsets
  readonly 3: typeof metadata
  readonly 8: typeof offsetCommit
  readonly 9: typeof offsetFetch
  readonly 10: typeof findCoordinator
  readonly 11: typeof joinGroup
  readonly 12: typeof heartbeat
  readonly 13: typeof leaveGroup
  readonly 14: typeof syncGroup
  readonly 15: typeof describeGroups
  readonly 16: typeof listGroups
  readonly 18: typeof apiVersions
  readonly 19: typeof createTopics
  readonly 20: typeof deleteTopics
  readonly 21: typeof deleteRecords
  readonly 22: typeof initProducerId
  readonly 23: typeof offsetForLeaderEpoch
  readonly 24: typeof addPartitionsToTxn
  readonly 25: typeof addOffsetsToTxn
  readonly 26: typeof endTxn
  readonly 27: typeof writeTxnMarkers
  readonly 28: typeof txnOffsetCommit
  readonly 32: typeof describeConfigs
  readonly 33: typeof alterConfigs
  readonly 34: typeof alterReplicaLogDirs
  readonly 35: typeof describeLogDirs
  readonly 37: typeof createPartitions
  readonly 42: typeof deleteGroups
  readonly 43: typeof electLeaders
  readonly 44: typeof incrementalAlterConfigs
  readonly 45: typeof alterPartitionReassignments
  readonly 46: typeof listPartitionReassignments
  readonly 47: typeof offsetDelete
  readonly 48: typeof describeClientQuotas
  readonly 49: typeof alterClientQuotas
  readonly 55: typeof describeQuorum
  readonly 57: typeof updateFeatures
  readonly 60: typeof describeCluster
  readonly 61: typeof describeProducers
  readonly 65: typeof describeTransactions
  readonly 66: typeof listTransactions
  readonly 74: typeof listConfigResources
  readonly 75: typeof describeTopicPartitions
  readonly 68: typeof consumerGroupHeartbeat
  readonly 69: typeof consumerGroupDescribe
} = {
  0: produce,
  1: fetch,
  2: listOffsets,
  3: metadata,
  8: offsetCommit,
  9: offsetFetch,
  10: findCoordinator,
  11: joinGroup,
  12: heartbeat,
  13: leaveGroup,
  14: syncGroup,
  15: describeGroups,
  16: listGroups,
  18: apiVersions,
  19: createTopics,
  20: deleteTopics,
  21: deleteRecords,
  22: initProducerId,
  23: offsetForLeaderEpoch,
  24: addPartitionsToTxn,
  25: addOffsetsToTxn,
  26: endTxn,
  27: writeTxnMarkers,
  28: txnOffsetCommit,
  32: describeConfigs,
  33: alterConfigs,
  34: alterReplicaLogDirs,
  35: describeLogDirs,
  37: createPartitions,
  42: deleteGroups,
  43: electLeaders,
  44: incrementalAlterConfigs,
  45: alterPartitionReassignments,
  46: listPartitionReassignments,
  47: offsetDelete,
  48: describeClientQuotas,
  49: alterClientQuotas,
  55: describeQuorum,
  57: updateFeatures,
  60: describeCluster,
  61: describeProducers,
  65: describeTransactions,
  66: listTransactions,
  74: listConfigResources,
  75: describeTopicPartitions,
  68: consumerGroupHeartbeat,
  69: consumerGroupDescribe,
}

/** A key of `apis`. */
export type ApiKey = keyof typeof apis

/** The API of a key, if Karst speaks it. */
export function findApi(key: number): AnyApi | undefined {
  return Object.hasOwn(apis, key) ? (apis as Record<number, AnyApi>)[key] : undefined
}
