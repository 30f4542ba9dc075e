/** A member of a classic group on a connection of its own, which does as it is told and no more. */
import { BrokerConnection } from '../src/client/broker-connection.ts'
import { nodeDial } from '../src/client/node-dial.ts'
import { systemClock } from '../src/base/system-clock.ts'
import { offsetCommit } from '../src/wire/messages/08-offset-commit.ts'
import { joinGroup } from '../src/wire/messages/11-join-group.ts'
import { heartbeat } from '../src/wire/messages/12-heartbeat.ts'
import { syncGroup } from '../src/wire/messages/14-sync-group.ts'
import { ErrorCode } from '../src/wire/error-codes.ts'

/** A rebalance of many members on a machine that is busy with them. */
const waitMs = 60_000
/** Nobody sends heartbeats while hundreds of groups are prepared. */
const sessionTimeoutMs = 600_000
/** Topic ids, which this member does not know, are asked for from version 10 on. */
const commitVersionMax = 9
const nothing = new Uint8Array(0)

export class GroupMember {
  readonly groupId: string
  readonly #connection: BrokerConnection
  #memberId = ''
  #generationId = -1
  #agreedId = -1

  private constructor(connection: BrokerConnection, groupId: string) {
    this.#connection = connection
    this.groupId = groupId
  }

  static async open(port: number, groupId: string): Promise<GroupMember> {
    const address = { host: '127.0.0.1', port }
    const connection = await BrokerConnection.open(address, {
      dial: nodeDial,
      clock: systemClock,
      clientId: 'bench',
      connectTimeoutMs: waitMs,
      requestTimeoutMs: waitMs,
    })
    return new GroupMember(connection, groupId)
  }

  /** Of the generation that it has agreed to; -1 before. */
  get generationId(): number {
    return this.#agreedId
  }

  /** Joins until the group is agreed: whoever is overtaken by another rebalance joins again. */
  async join(): Promise<void> {
    for (;;) {
      const joined = await this.#connection.call(
        joinGroup,
        {
          groupId: this.groupId,
          sessionTimeoutMs,
          rebalanceTimeoutMs: waitMs,
          memberId: this.#memberId,
          protocolType: 'consumer',
          protocols: [{ name: 'range', metadata: nothing }],
        },
        { waitMs },
      )
      this.#memberId = joined.memberId
      if (joined.errorCode === ErrorCode.MEMBER_ID_REQUIRED) continue
      if (joined.errorCode !== 0) throw new Error(`JoinGroup: error ${joined.errorCode}`)
      this.#generationId = joined.generationId
      const synced = await this.#connection.call(
        syncGroup,
        {
          groupId: this.groupId,
          generationId: joined.generationId,
          memberId: joined.memberId,
          protocolType: 'consumer',
          protocolName: joined.protocolName,
          assignments: joined.members.map(({ memberId }) => ({ memberId, assignment: nothing })),
        },
        { waitMs },
      )
      if (synced.errorCode === 0) {
        this.#agreedId = joined.generationId
        return
      }
      if (synced.errorCode !== ErrorCode.REBALANCE_IN_PROGRESS) {
        throw new Error(`SyncGroup: error ${synced.errorCode}`)
      }
    }
  }

  /** True where the group rebalances. */
  async mustRejoin(): Promise<boolean> {
    const { errorCode } = await this.#connection.call(heartbeat, this.#identity())
    return errorCode === ErrorCode.REBALANCE_IN_PROGRESS
  }

  async commit(topic: string, partitionIndex: number, committedOffset: number): Promise<void> {
    const { generationId, ...identity } = this.#identity()
    const answer = await this.#connection.call(
      offsetCommit,
      {
        ...identity,
        generationIdOrMemberEpoch: generationId,
        topics: [
          {
            name: topic,
            partitions: [{ partitionIndex, committedOffset, committedMetadata: null }],
          },
        ],
      },
      { versionMax: commitVersionMax },
    )
    const code = answer.topics[0]?.partitions[0]?.errorCode
    if (code !== 0) throw new Error(`OffsetCommit: error ${code}`)
  }

  close(): void {
    this.#connection.close()
  }

  #identity(): { groupId: string; memberId: string; generationId: number } {
    return { groupId: this.groupId, memberId: this.#memberId, generationId: this.#generationId }
  }
}
