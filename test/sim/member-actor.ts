/**
 * A consumer group of one member that commits ever higher offsets: what was acknowledged is never
 * read back lower, whatever fails between, and the member can always join again.
 */
import assert from 'node:assert/strict'
import { type Clock, sleep } from '../../src/base/clock.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { offsetCommit } from '../../src/wire/messages/08-offset-commit.ts'
import { offsetFetch } from '../../src/wire/messages/09-offset-fetch.ts'
import { heartbeat } from '../../src/wire/messages/12-heartbeat.ts'
import { joinGroup } from '../../src/wire/messages/11-join-group.ts'
import { syncGroup } from '../../src/wire/messages/14-sync-group.ts'
import { type Asker, Lost } from './sim-client.ts'

export interface MemberParts {
  readonly client: Asker
  readonly clock: Clock
  readonly random: Random
  readonly groupId: string
  readonly topic: string
  readonly note: (line: string) => void
  readonly isOver: () => boolean
}

interface Membership {
  readonly memberId: string
  readonly generation: number
}

/** Resolves once the run is over and a last commit has succeeded and was read back (S1). */
export async function runMember(parts: MemberParts): Promise<void> {
  let membership: Membership | undefined
  let memberId = ''
  let acknowledged = -1
  for (let next = 1; ;) {
    const isLast = parts.isOver()
    try {
      membership ??= await join(parts, memberId)
      memberId = membership.memberId
      if (await commit(parts, membership, next)) {
        acknowledged = next++
        parts.note(`${parts.groupId} committed ${acknowledged}`)
        const read = await readBack(parts)
        if (read !== undefined) {
          assert.ok(
            read >= acknowledged,
            `C2: ${parts.groupId} read ${read} behind ${acknowledged}`,
          )
          if (isLast) return
        }
      }
    } catch (error) {
      if (error instanceof Refused) {
        membership = undefined
        memberId = error.memberId
      } else if (!(error instanceof Lost)) throw error
    }
    await sleep(parts.clock, 1 + randomBelow(parts.random, 100))
  }
}

/** The coordinator wants the member to join again, under this id. */
class Refused extends Error {
  readonly memberId: string

  constructor(memberId: string) {
    super('join again')
    this.memberId = memberId
  }
}

async function join(parts: MemberParts, memberId: string): Promise<Membership> {
  const { client, groupId } = parts
  const protocols = [{ name: 'range', metadata: new Uint8Array(0) }]
  const shape = { sessionTimeoutMs: 6_000, rebalanceTimeoutMs: 6_000, protocolType: 'sim' }
  const joined = await client.request(joinGroup, 5, { groupId, memberId, ...shape, protocols })
  if (joined.errorCode === ErrorCode.MEMBER_ID_REQUIRED) throw new Refused(joined.memberId)
  if (joined.errorCode !== ErrorCode.NONE)
    throw new Refused(isGone(joined.errorCode) ? '' : memberId)
  const member = { memberId: joined.memberId, generationId: joined.generationId }
  const assignments = [{ memberId: joined.memberId, assignment: new Uint8Array([1]) }]
  const synced = await client.request(syncGroup, 3, { groupId, ...member, assignments })
  if (synced.errorCode !== ErrorCode.NONE) {
    throw new Refused(isGone(synced.errorCode) ? '' : joined.memberId)
  }
  return { memberId: joined.memberId, generation: joined.generationId }
}

const isGone = (code: number): boolean => code === ErrorCode.UNKNOWN_MEMBER_ID

/** True where the commit was acknowledged. */
async function commit(parts: MemberParts, member: Membership, offset: number): Promise<boolean> {
  const { client, groupId, topic } = parts
  const { memberId, generation } = member
  const generationId = generation
  const alive = await client.request(heartbeat, 3, { groupId, memberId, generationId })
  if (alive.errorCode !== ErrorCode.NONE) throw refusal(alive.errorCode, memberId)
  const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: '' }]
  const topics = [{ name: topic, partitions }]
  const body = { groupId, generationIdOrMemberEpoch: generation, memberId, topics }
  const answer = await client.request(offsetCommit, 7, body)
  const code = answer.topics[0]?.partitions[0]?.errorCode ?? -1
  if (code === ErrorCode.NONE) return true
  throw refusal(code, memberId)
}

/** Passing troubles leave the member as it is. */
function refusal(code: number, memberId: string): Error {
  const isPassing =
    code === ErrorCode.COORDINATOR_NOT_AVAILABLE || code === ErrorCode.REQUEST_TIMED_OUT
  return isPassing ? new Lost(`error ${code}`) : new Refused(isGone(code) ? '' : memberId)
}

async function readBack(parts: MemberParts): Promise<number | undefined> {
  const { client, groupId, topic } = parts
  const topics = [{ name: topic, partitionIndexes: [0] }]
  const answer = await client.request(offsetFetch, 5, { groupId, topics })
  const [found] = answer.topics[0]?.partitions ?? []
  if (answer.errorCode !== ErrorCode.NONE || found?.errorCode !== ErrorCode.NONE) return undefined
  return found.committedOffset
}
