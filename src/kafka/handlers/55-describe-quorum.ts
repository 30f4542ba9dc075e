/**
 * DescribeQuorum, versions 0 to 2 (KIP-836, KIP-853): there is no KRaft quorum, because the catalog
 * decides. Tools are told the truth in their words: one voter, the broker that stands for the
 * controller, which leads in the cluster's leader epoch and lags behind nobody. There is no
 * metadata log, so its ends are 0.
 */
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  describeQuorum,
  type DescribeQuorumReply,
  type DescribeQuorumRequest,
} from '../../wire/messages/55-describe-quorum.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'

type Asked = DescribeQuorumRequest['topics'][number]['partitions'][number]
type PartitionReply = DescribeQuorumReply['topics'][number]['partitions'][number]

const metadataTopic = '__cluster_metadata'
/** Older versions have no place for nodes. */
const nodesFrom = 2
const zeroId = 'A'.repeat(22)

export function describeQuorumHandler(broker: Broker): Handler {
  return handler(describeQuorum, async (request, { header }) => {
    const topics = request.topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map((asked) => describe(broker, topicName, asked)),
    }))
    const isKnown = topics.some(({ partitions }) => {
      return partitions.some(({ errorCode }) => errorCode === ErrorCode.NONE)
    })
    const voterId = broker.cluster.controllerId()
    const isTold = isKnown && header.apiVersion >= nodesFrom
    const voters = broker.cluster.nodes().filter(({ nodeId }) => isTold && nodeId === voterId)
    const nodes = voters.map(({ nodeId, host, port }) => {
      return { nodeId, listeners: [{ name: 'KAFKA', host, port }] }
    })
    return { response: { errorCode: ErrorCode.NONE, topics, nodes } }
  })
}

function describe(
  { cluster, clock, leaderEpoch }: Broker,
  topicName: string,
  { partitionIndex }: Asked,
): PartitionReply {
  const noLog = { leaderEpoch, highWatermark: 0, observers: [] }
  if (topicName !== metadataTopic || partitionIndex !== 0) {
    const errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    const errorMessage = `only ${metadataTopic}-0 has a quorum`
    const none = { ...noLog, leaderId: -1, leaderEpoch: -1, currentVoters: [] }
    return { partitionIndex, errorCode, errorMessage, ...none }
  }
  const nowMs = clock.nowMs()
  const nodeId = cluster.controllerId()
  const voter = {
    replicaId: nodeId,
    replicaDirectoryId: zeroId,
    logEndOffset: 0,
    lastFetchTimestamp: nowMs,
    lastCaughtUpTimestamp: nowMs,
  }
  const errorCode = ErrorCode.NONE
  return { partitionIndex, errorCode, ...noLog, leaderId: nodeId, currentVoters: [voter] }
}
