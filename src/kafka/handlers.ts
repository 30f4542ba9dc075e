/** All APIs that are served, in one table: what is in it is what ApiVersions tells. */
import type { Broker } from './broker.ts'
import { produceHandler } from './handlers/00-produce.ts'
import { fetchHandler } from './handlers/01-fetch.ts'
import { listOffsetsHandler } from './handlers/02-list-offsets.ts'
import { metadataHandler } from './handlers/03-metadata.ts'
import { offsetCommitHandler } from './handlers/08-offset-commit.ts'
import { offsetFetchHandler } from './handlers/09-offset-fetch.ts'
import { findCoordinatorHandler } from './handlers/10-find-coordinator.ts'
import { joinGroupHandler } from './handlers/11-join-group.ts'
import { heartbeatHandler } from './handlers/12-heartbeat.ts'
import { leaveGroupHandler } from './handlers/13-leave-group.ts'
import { syncGroupHandler } from './handlers/14-sync-group.ts'
import { describeGroupsHandler } from './handlers/15-describe-groups.ts'
import { listGroupsHandler } from './handlers/16-list-groups.ts'
import { apiVersionsHandler } from './handlers/18-api-versions.ts'
import { createTopicsHandler } from './handlers/19-create-topics.ts'
import { deleteTopicsHandler } from './handlers/20-delete-topics.ts'
import { deleteRecordsHandler } from './handlers/21-delete-records.ts'
import { initProducerIdHandler } from './handlers/22-init-producer-id.ts'
import { offsetForLeaderEpochHandler } from './handlers/23-offset-for-leader-epoch.ts'
import { addPartitionsToTxnHandler } from './handlers/24-add-partitions-to-txn.ts'
import { addOffsetsToTxnHandler } from './handlers/25-add-offsets-to-txn.ts'
import { endTxnHandler } from './handlers/26-end-txn.ts'
import { writeTxnMarkersHandler } from './handlers/27-write-txn-markers.ts'
import { txnOffsetCommitHandler } from './handlers/28-txn-offset-commit.ts'
import { describeConfigsHandler } from './handlers/32-describe-configs.ts'
import { alterConfigsHandler } from './handlers/33-alter-configs.ts'
import { alterReplicaLogDirsHandler } from './handlers/34-alter-replica-log-dirs.ts'
import { describeLogDirsHandler } from './handlers/35-describe-log-dirs.ts'
import { createPartitionsHandler } from './handlers/37-create-partitions.ts'
import { deleteGroupsHandler } from './handlers/42-delete-groups.ts'
import { electLeadersHandler } from './handlers/43-elect-leaders.ts'
import { incrementalAlterConfigsHandler } from './handlers/44-incremental-alter-configs.ts'
import { alterPartitionReassignmentsHandler } from './handlers/45-alter-partition-reassignments.ts'
import { listPartitionReassignmentsHandler } from './handlers/46-list-partition-reassignments.ts'
import { offsetDeleteHandler } from './handlers/47-offset-delete.ts'
import { describeClientQuotasHandler } from './handlers/48-describe-client-quotas.ts'
import { alterClientQuotasHandler } from './handlers/49-alter-client-quotas.ts'
import { describeQuorumHandler } from './handlers/55-describe-quorum.ts'
import { updateFeaturesHandler } from './handlers/57-update-features.ts'
import { describeClusterHandler } from './handlers/60-describe-cluster.ts'
import { describeProducersHandler } from './handlers/61-describe-producers.ts'
import { describeTransactionsHandler } from './handlers/65-describe-transactions.ts'
import { listTransactionsHandler } from './handlers/66-list-transactions.ts'
import { listConfigResourcesHandler } from './handlers/74-list-config-resources.ts'
import { describeTopicPartitionsHandler } from './handlers/75-describe-topic-partitions.ts'
import { consumerGroupHeartbeatHandler } from './handlers/68-consumer-group-heartbeat.ts'
import { consumerGroupDescribeHandler } from './handlers/69-consumer-group-describe.ts'
import type { Handler } from './router.ts'

/** One handler per API, by key. */
export function kafkaHandlers(broker: Broker): Handler[] {
  const handlers: Handler[] = [
    produceHandler(broker),
    fetchHandler(broker),
    listOffsetsHandler(broker),
    metadataHandler(broker),
    offsetCommitHandler(broker),
    offsetFetchHandler(broker),
    findCoordinatorHandler(broker),
    joinGroupHandler(broker),
    heartbeatHandler(broker),
    leaveGroupHandler(broker),
    syncGroupHandler(broker),
    describeGroupsHandler(broker),
    listGroupsHandler(broker),
    apiVersionsHandler(() => handlers.map(({ api }) => api)),
    createTopicsHandler(broker),
    deleteTopicsHandler(broker),
    deleteRecordsHandler(broker),
    initProducerIdHandler(broker),
    offsetForLeaderEpochHandler(broker),
    addPartitionsToTxnHandler(broker),
    addOffsetsToTxnHandler(broker),
    endTxnHandler(broker),
    writeTxnMarkersHandler(broker),
    txnOffsetCommitHandler(broker),
    describeConfigsHandler(broker),
    alterConfigsHandler(broker),
    alterReplicaLogDirsHandler(broker),
    describeLogDirsHandler(broker),
    createPartitionsHandler(broker),
    deleteGroupsHandler(broker),
    electLeadersHandler(broker),
    incrementalAlterConfigsHandler(broker),
    alterPartitionReassignmentsHandler(broker),
    listPartitionReassignmentsHandler(),
    offsetDeleteHandler(broker),
    describeClientQuotasHandler(broker),
    alterClientQuotasHandler(broker),
    describeQuorumHandler(broker),
    updateFeaturesHandler(),
    describeClusterHandler(broker),
    describeProducersHandler(broker),
    describeTransactionsHandler(broker),
    listTransactionsHandler(broker),
    listConfigResourcesHandler(broker),
    describeTopicPartitionsHandler(broker),
    consumerGroupHeartbeatHandler(broker),
    consumerGroupDescribeHandler(broker),
  ]
  return handlers
}
