/** What the coordinator sees of topics and of the bytes that consumers put into classic groups. */
import { isFailure } from '../base/errors.ts'
import type { EmbeddedProtocol, TopicView, ViewedTopic } from '../group/consumer/topic-view.ts'
import type { KnownTopic, TopicDirectory } from '../log/topic-directory.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
} from '../wire/consumer-protocol.ts'

export function topicView(topics: TopicDirectory): TopicView {
  const viewed = (topic: KnownTopic | undefined): ViewedTopic | undefined => {
    if (topic === undefined) return undefined
    const { topicId, name, partitionIds } = topic
    return { topicId, name, partitionCount: partitionIds.length }
  }
  return {
    get version() {
      return topics.version
    },
    byName: (name) => viewed(topics.byName(name)),
    byId: (topicId) => viewed(topics.byId(topicId)),
    names: () => topics.names(),
  }
}

/** The newest version of an assignment that is written. */
const assignmentVersionMax = 3

export const embeddedProtocol: EmbeddedProtocol = {
  readSubscription: (bytes) =>
    orUndefined(() => {
      const { topics, ownedPartitions: owned, generationId, rackId } = decodeSubscription(bytes)
      return { topics, owned, generation: generationId, rackId }
    }),
  readAssignment: (bytes) =>
    orUndefined(() => {
      const { assignedPartitions: assigned, userData } = decodeAssignment(bytes)
      return { assigned, hasUserData: (userData?.length ?? 0) > 0 }
    }),
  writeAssignment(topics, like) {
    const [high = 0, low = 0] = like
    const version = Math.min((high << 8) | low, assignmentVersionMax)
    return encodeAssignment(version, { assignedPartitions: topics })
  },
}

function orUndefined<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    if (isFailure(error, 'corrupt')) return undefined
    throw error
  }
}
