/**
 * ElectLeaders, versions 0 to 2 (KIP-460): no broker leads by what it holds, so the leader there is
 * is always the preferred one: ELECTION_NOT_NEEDED, which tools take for done.
 *
 * Asked for all partitions (null) the answer names those whose leader changed: none.
 */
import { isFailure } from '../../base/errors.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  electLeaders,
  type ElectLeadersReply,
  type ElectLeadersRequest,
} from '../../wire/messages/43-elect-leaders.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { failureCode } from '../to-error-code.ts'
import { hasPartition } from '../topic-look-up.ts'
import { fault, type TopicFault } from '../topic-rules.ts'
import { Turns } from '../turns.ts'

type Asked = NonNullable<ElectLeadersRequest['topicPartitions']>[number]
type TopicReply = ElectLeadersReply['replicaElectionResults'][number]

/** Preferred and unclean. */
const electionTypesMax = 1

export function electLeadersHandler(broker: Broker): Handler {
  return handler(electLeaders, async ({ electionType, topicPartitions }) => {
    const isKnown = electionType >= 0 && electionType <= electionTypesMax
    const wrong = isKnown
      ? undefined
      : fault(ErrorCode.INVALID_REQUEST, `there is no election of type ${electionType}`)
    const turns = new Turns(broker.clock)
    const replicaElectionResults: TopicReply[] = []
    for (const asked of topicPartitions ?? []) {
      replicaElectionResults.push(await elect(broker, asked, wrong))
      await turns.step()
    }
    return { response: { errorCode: wrong?.errorCode ?? ErrorCode.NONE, replicaElectionResults } }
  })
}

async function elect(
  { topics }: Broker,
  { topic: name, partitions }: Asked,
  wrong: TopicFault | undefined,
): Promise<TopicReply> {
  const reply = (faultOf: (index: number) => TopicFault): TopicReply => {
    const told = partitions.map((partitionId) => ({ partitionId, ...faultOf(partitionId) }))
    return { topic: name, partitionResult: told }
  }
  if (wrong !== undefined) return reply(() => wrong)
  const notNeeded = fault(ErrorCode.ELECTION_NOT_NEEDED, 'the preferred leader leads already')
  const unknown = fault(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'there is no such partition')
  try {
    const topic = await topics.find(name)
    return reply((index) => {
      return topic !== undefined && hasPartition(topic, index) ? notNeeded : unknown
    })
  } catch (error) {
    if (!isFailure(error)) throw error
    const failed = fault(failureCode(error), error.message)
    return reply(() => failed)
  }
}
