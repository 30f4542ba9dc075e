/**
 * What became of a group, as a journal object tells it: without the numbers that only the catalog
 * knows.
 */
import type { GroupResult } from '../catalog/commit-groups.ts'
import type { DecidedGroup, DecidedMarker } from '../journal/decided-groups.ts'
import type { LaneGroup } from './append-group.ts'
import type { LogIndex } from './log-index.ts'

/** Undefined where there is nothing to tell: a group without bytes that changed nothing. */
export function decisionOf(
  { id, appends }: Pick<LaneGroup, 'id' | 'appends'>,
  result: GroupResult,
  index: Pick<LogIndex, 'get'>,
): DecidedGroup | undefined {
  if (result.state === 'cancelled') {
    if (appends.length === 0) return undefined
    return { id, state: 'cancelled', leaderEpoch: 0, outcomes: [], markers: [] }
  }
  const { outcomes, runs } = result
  if (outcomes.length === 0 && runs.length === 0) return undefined
  const markers = runs.flatMap(({ marker, partitionId, baseOffset }): DecidedMarker[] => {
    const log = index.get(partitionId)
    if (marker === undefined || log === undefined) return []
    const { topicId, partitionIndex } = log
    return [{ topicId, partitionIndex, offset: baseOffset, marker }]
  })
  const leaderEpoch = runs[0]?.leaderEpoch ?? 0
  return { id, state: 'committed', leaderEpoch, outcomes, markers }
}
