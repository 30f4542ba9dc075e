import assert from 'node:assert/strict'
import { test } from 'node:test'
import { joinDefaults } from '../../test/group/group-world.ts'
import { defaultGroupConfig } from './config.ts'
import { decide } from './decide.ts'
import type { GroupEvent } from './decide.ts'
import { emptyGroup } from './group-state.ts'
import type { GroupState } from './group-state.ts'

const nowMs = 1_000
const next = (state: GroupState, event: GroupEvent): GroupState =>
  decide(state, event, defaultGroupConfig, nowMs).next

const who = { groupId: 'g', memberId: 'm', instanceId: null, generation: 1 }
const join = (memberId = ''): GroupEvent => ({
  kind: 'join',
  ticket: 1,
  request: { ...joinDefaults, memberId },
  freshMemberId: 'm',
})
const sync: GroupEvent = {
  kind: 'sync',
  ticket: 2,
  request: { ...who, protocolType: null, protocolName: null, assignments: [] },
}
const leave: GroupEvent = {
  kind: 'leave',
  ticket: 4,
  request: { groupId: 'g', members: [{ memberId: 'm', instanceId: null, reason: null }] },
}

const empty = emptyGroup('g', 0)
const preparing = next(empty, join())
const completing = next(preparing, { kind: 'rebalance-due' })
const stable = next(completing, sync)
const dead: GroupState = { ...empty, name: 'dead' }

const events: Readonly<Record<string, GroupEvent>> = {
  join: join('m'),
  sync,
  heartbeat: { kind: 'heartbeat', ticket: 3, request: who },
  commit: { kind: 'commit', ticket: 5, request: { ...who, offsets: [] } },
  leave,
  'session-expired': { kind: 'session-expired', memberId: 'm' },
  'rebalance-due': { kind: 'rebalance-due' },
  'sync-due': { kind: 'sync-due' },
}

/** Per state and event: the state after, then the answers; '!' where it must be durable first. */
const table: readonly [GroupState, Readonly<Record<string, string>>][] = [
  [
    empty,
    {
      join: 'empty unknown-member',
      sync: 'empty unknown-member',
      heartbeat: 'empty unknown-member',
      commit: 'empty unknown-member',
      leave: 'empty left',
      'session-expired': 'empty',
      'rebalance-due': 'empty',
      'sync-due': 'empty',
    },
  ],
  [
    preparing,
    {
      join: 'preparing-rebalance rebalance-in-progress',
      sync: 'preparing-rebalance illegal-generation',
      heartbeat: 'preparing-rebalance illegal-generation',
      commit: 'preparing-rebalance illegal-generation',
      leave: 'preparing-rebalance unknown-member left',
      'session-expired': 'empty unknown-member !',
      'rebalance-due': 'completing-rebalance joined !',
      'sync-due': 'preparing-rebalance',
    },
  ],
  [
    completing,
    {
      join: 'completing-rebalance joined',
      sync: 'stable synced !',
      heartbeat: 'completing-rebalance alive',
      commit: 'completing-rebalance rebalance-in-progress',
      leave: 'empty left !',
      'session-expired': 'empty !',
      'rebalance-due': 'completing-rebalance',
      'sync-due': 'empty !',
    },
  ],
  [
    stable,
    {
      join: 'completing-rebalance joined !',
      sync: 'stable synced',
      heartbeat: 'stable alive',
      commit: 'stable allowed',
      leave: 'empty left !',
      'session-expired': 'empty !',
      'rebalance-due': 'stable',
      'sync-due': 'stable',
    },
  ],
  [
    dead,
    {
      join: 'dead unavailable',
      sync: 'dead unavailable',
      heartbeat: 'dead unavailable',
      commit: 'dead unavailable',
      leave: 'dead unavailable',
      'session-expired': 'dead',
      'rebalance-due': 'dead',
      'sync-due': 'dead',
    },
  ],
]
for (const [state, row] of table) {
  for (const [name, expected] of Object.entries(row)) {
    test(`${state.name}, one member: ${name}`, () => {
      const event = events[name]
      assert.ok(event !== undefined)
      const copy = structuredClone(state)
      const { next: after, answers, isPersistent } = decide(state, event, defaultGroupConfig, nowMs)
      const told = answers.map(({ result }) =>
        result.outcome === 'refused' ? result.reason : result.outcome,
      )
      assert.equal([after.name, ...told, ...(isPersistent ? ['!'] : [])].join(' '), expected)
      assert.deepEqual(structuredClone(state), copy, 'the state before stays whole')
    })
  }
}
