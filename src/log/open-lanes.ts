/** Makes the lanes of a broker, with what they have in common. */
import { AppendLane, type LaneDeps } from './append-lane.ts'
import { AppendLanes } from './append-lanes.ts'
import { AppendRate } from './append-rate.ts'
import type { InlineBudget } from './inline-budget.ts'
import { lowPolicy, standardPolicy } from './inline-policy.ts'
import { quietAfterMs } from './feed-follower.ts'
import { MissingSequences } from './missing-sequences.ts'

/** Of groups that travel in their commit. */
export interface InlineDeps {
  readonly budget: InlineBudget
  /** `journal.inline.max.bytes`: of a group of the standard lane. */
  readonly groupBytesMax: number
  /** Of the class `low`. Default: topics of that class go the standard way. */
  readonly low?: LowDeps
}

export interface LowDeps {
  /** The groups of an incarnation are committed in their order, so each lane has one of its own. */
  readonly incarnation: number
  readonly lingerMs: number
  /** `journal.inline.low.max.bytes`: closes a group, and a larger batch goes the standard way. */
  readonly groupBytesMax: number
  /** Tells other brokers that there is something to look at. */
  readonly announce: () => void
}

/** How long a small group gathers whose broker is idle, in milliseconds: commits take about ten. */
const idleLingerMs = 20

export function openLanes(deps: LaneDeps, inline: InlineDeps | undefined): AppendLanes {
  const shared = { ...deps, missing: new MissingSequences() }
  if (inline === undefined) return new AppendLanes({ standard: new AppendLane(shared) })
  const { budget, groupBytesMax, low } = inline
  const { lingerMs = 0 } = deps.limits
  const policy = standardPolicy(budget, { groupBytesMax, lingerMs }, new AppendRate(deps.clock))
  const inlineLingerMs = Math.min(idleLingerMs, lingerMs)
  const limits = { ...deps.limits, inlineLingerMs }
  const committed = low === undefined ? deps.committed : announcingAfterQuiet(deps, low.announce)
  const standard = new AppendLane({ ...shared, limits, inline: policy, committed })
  if (low === undefined) return new AppendLanes({ standard })
  const { queuedBytesMax } = deps.limits
  const bounds = { budget, batchBytesMax: low.groupBytesMax, queuedBytesMax }
  return new AppendLanes({ standard, low: { ...bounds, lane: lowLane(shared, budget, low) } })
}

/** Others look seldom while nothing happens; once they have seen something they look by themselves. */
function announcingAfterQuiet(
  { clock, committed }: LaneDeps,
  announce: () => void,
): LaneDeps['committed'] {
  let lastMs = -Infinity
  return async (appends, result) => {
    await committed(appends, result)
    const nowMs = clock.monotonicMs()
    if (nowMs - lastMs >= quietAfterMs) announce()
    lastMs = nowMs
  }
}

function lowLane(shared: LaneDeps, budget: InlineBudget, low: LowDeps): AppendLane {
  const { incarnation, lingerMs, groupBytesMax, announce } = low
  return new AppendLane({
    ...shared,
    name: 'low',
    incarnation,
    inline: lowPolicy(budget),
    limits: { ...shared.limits, groupBytesMax, lingerMs, earlyBytesMax: 0 },
    committed: async (appends, result) => {
      await shared.committed(appends, result)
      announce()
    },
  })
}
