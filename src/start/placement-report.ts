/** Where clients find partitions, why there, and what moved when: what `karst placement` tells. */
import { readPlacements } from '../catalog/brokers.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import type { PlacementRow } from '../catalog/schema-fleet.ts'
import type { Membership } from '../fleet/membership.ts'
import { parsePlacement, type Placement } from '../fleet/placement.ts'
import { slotOfPartition } from '../fleet/slots.ts'
import type { KnownTopic } from '../log/topic-directory.ts'

export interface PlacementReport {
  /** Of the placement in force. */
  readonly version: number
  readonly brokers: readonly {
    readonly nodeId: number
    readonly name: string
    readonly zone: string
    readonly address: string
    readonly state: string
    /** Of 256, those that its zone's clients find here. */
    readonly slots: number
    /** The placement that it shows its clients. */
    readonly shows: number
  }[]
  /** The newest first. */
  readonly history: readonly {
    readonly version: number
    readonly madeMs: number
    readonly madeBy: number
    readonly reason: string
    /** Slots that clients of zones find elsewhere than before. */
    readonly moved: number
  }[]
  /** Of the topic that was asked for. */
  readonly partitions: readonly {
    readonly partition: number
    readonly slot: number
    readonly zone: string
    readonly nodeId: number
    /** Since which version, and why. */
    readonly sinceVersion: number
    readonly why: string
  }[]
}

interface Version {
  readonly row: PlacementRow
  readonly placement: Placement
}

/** @throws Failure 'unavailable' | 'corrupt' */
export async function reportPlacement(
  database: CatalogDatabase,
  membership: Membership,
  topic: KnownTopic | undefined,
): Promise<PlacementReport> {
  const rows = await readPlacements(database)
  const versions = rows.map((row) => ({ row, placement: parsePlacement(row.body) }))
  const [current] = versions
  const zones = Object.entries(current?.placement.zones ?? {})
  return {
    version: current?.row.version ?? 0,
    brokers: membership.rows.map((row) => {
      const { nodeId, name, rack: zone, host, port, placementVersion: shows } = row
      const slots = current?.placement.zones[zone]?.filter((owner) => owner === nodeId).length ?? 0
      const state = membership.isAlive(row.incarnation) ? row.state : 'dead'
      return { nodeId, name, zone, address: `${host}:${port}`, state, slots, shows }
    }),
    history: versions.map(({ row, placement }) => {
      const moved = placement.moves.filter((move) => move.zone !== undefined).length
      const { version, madeMs, nodeId: madeBy } = row
      return { version, madeMs, madeBy, reason: placement.reason, moved }
    }),
    partitions: (topic?.partitionIds ?? []).flatMap((id, partition) =>
      zones.map(([zone, slots]) => {
        const slot = slotOfPartition(id)
        return {
          partition,
          slot,
          zone,
          nodeId: slots[slot] as number,
          ...whyOf(versions, slot, zone),
        }
      }),
    ),
  }
}

/** The last move of the slot that is still told. */
function whyOf(
  versions: readonly Version[],
  slot: number,
  zone: string,
): { readonly sinceVersion: number; readonly why: string } {
  for (const { row, placement } of versions) {
    const move = placement.moves.find((each) => each.zone === zone && each.slot === slot)
    if (move !== undefined) return { sinceVersion: row.version, why: move.reason }
  }
  return { sinceVersion: versions.at(-1)?.row.version ?? 0, why: 'older than what is kept' }
}
