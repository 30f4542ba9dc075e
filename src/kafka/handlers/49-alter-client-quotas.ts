/**
 * AlterClientQuotas, versions 0 to 1 (KIP-546): sets and removes quotas. Each entity is judged
 * alone; those that are valid are changed together, and hold at once, also for clients that are
 * connected. An ip is an address: host names are not looked up, other than in Kafka.
 */
import { isFailure } from '../../base/errors.ts'
import { type QuotaAlteration, quotaEntitiesMax } from '../../quota/client-quotas.ts'
import { entityText, quotaFault, readEntity } from '../../quota/quota-entity.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  alterClientQuotas,
  type AlterClientQuotasReply,
  type AlterClientQuotasRequest,
} from '../../wire/messages/49-alter-client-quotas.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { failureCode } from '../to-error-code.ts'
import { fault, isFault, repeated, type TopicFault } from '../topic-rules.ts'

type Asked = AlterClientQuotasRequest['entries'][number]
type EntryReply = AlterClientQuotasReply['entries'][number]

/** Entities changed by one request: they are one transaction, which has to be short. */
const alterationsMax = 1_000

const invalid = (message: string): TopicFault => fault(ErrorCode.INVALID_REQUEST, message)

export function alterClientQuotasHandler(broker: Broker): Handler {
  return handler(alterClientQuotas, async ({ entries, validateOnly }) => {
    const judged = judge(entries)
    const valid = judged.filter((each): each is QuotaAlteration => !isFault(each))
    const failed = validateOnly || valid.length === 0 ? undefined : await alter(broker, valid)
    const replies = entries.map(({ entity }, index): EntryReply => {
      const own = judged[index]
      const wrong = own !== undefined && isFault(own) ? own : failed
      return { errorCode: ErrorCode.NONE, errorMessage: null, ...wrong, entity }
    })
    return { response: { entries: replies } }
  })
}

/** What each entry is to do, or why it cannot. An entity that is named twice is refused twice. */
function judge(entries: readonly Asked[]): (QuotaAlteration | TopicFault)[] {
  const judged = entries.map((each, index) =>
    index < alterationsMax
      ? judgeOne(each)
      : fault(ErrorCode.POLICY_VIOLATION, `at most ${alterationsMax} entities per request`),
  )
  const texts = judged.map((each) => (isFault(each) ? undefined : entityText(each.entity)))
  const twice = repeated(texts.filter((text) => text !== undefined))
  return judged.map((each, index) => {
    const text = texts[index]
    const isTwice = text !== undefined && twice.has(text)
    return isTwice ? invalid('the request names this entity twice') : each
  })
}

function judgeOne({ entity: parts, ops }: Asked): QuotaAlteration | TopicFault {
  const named = parts.map(({ entityType, entityName }) => ({ type: entityType, name: entityName }))
  const entity = readEntity(named)
  if (typeof entity === 'string') return invalid(entity)
  const [twice] = repeated(ops.map(({ key }) => key))
  if (twice !== undefined) return invalid(`the quota ${twice} is given twice`)
  const change: Record<string, number | undefined> = {}
  for (const { key, value, remove } of ops) {
    const wrong = quotaFault(entity, key, remove ? undefined : value)
    if (wrong !== undefined) return invalid(wrong)
    change[key] = remove ? undefined : value
  }
  return { entity, change }
}

async function alter(
  { quotas }: Broker,
  alterations: readonly QuotaAlteration[],
): Promise<TopicFault | undefined> {
  try {
    if ((await quotas.alter(alterations)) === 'done') return undefined
    const message = `quotas are set on ${quotaEntitiesMax} entities already, which is the limit`
    return fault(ErrorCode.POLICY_VIOLATION, message)
  } catch (error) {
    if (!isFailure(error)) throw error
    return fault(failureCode(error), error.message)
  }
}
