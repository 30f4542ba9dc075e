/**
 * DescribeCluster, versions 0 to 2: brokers, controller and cluster id (KIP-700). There are no
 * controllers to ask for (1+, KIP-919) and no fenced brokers (2+, KIP-1073).
 */
import { ErrorCode } from '../../wire/error-codes.ts'
import { describeCluster } from '../../wire/messages/60-describe-cluster.ts'
import { clusterOperations, notAsked } from '../authorized-operations.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'

const brokers = 1
const controllers = 2

export function describeClusterHandler({ clusterId, cluster: view }: Broker): Handler {
  return handler(describeCluster, async (request) => {
    const { endpointType, includeClusterAuthorizedOperations: isAsked } = request
    if (endpointType !== brokers) {
      const isKnown = endpointType === controllers
      const errorCode = isKnown
        ? ErrorCode.MISMATCHED_ENDPOINT_TYPE
        : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE
      const errorMessage = isKnown
        ? 'this is a broker: there are no controllers to describe'
        : `there is no endpoint type ${endpointType}`
      return { response: { errorCode, errorMessage, clusterId: '', brokers: [] } }
    }
    const nodes = view.nodes().map(({ nodeId: brokerId, host, port, rack }) => {
      return { brokerId, host, port, rack: rack === '' ? null : rack }
    })
    const controllerId = view.controllerId()
    const clusterAuthorizedOperations = isAsked ? clusterOperations : notAsked
    const cluster = { clusterId, controllerId, clusterAuthorizedOperations }
    return { response: { errorCode: ErrorCode.NONE, ...cluster, brokers: nodes } }
  })
}
