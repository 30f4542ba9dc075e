/**
 * This broker's place among the others: it tells that it lives, hears of them, and makes a new
 * placement when that falls to it. What it says from memory counts only for as long as its last
 * heartbeat does, from when that was sent (C2).
 */
import { type Clock, sleep, type Timer } from '../base/clock.ts'
import { isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { Outage } from '../base/outage.ts'
import { type FleetRows, heartbeat, registerBroker, writePlacement } from '../catalog/brokers.ts'
import type { CoordinatorTerm } from '../catalog/coordinator-term.ts'
import type { FleetDatabase } from '../catalog/fleet-database.ts'
import type { BrokerRow } from '../catalog/schema-fleet.ts'
import type { ClusterView, Coordination, Node } from './cluster-view.ts'
import { parsePlacement, type Placement, planPlacement } from './placement.ts'
import { deadMs, heartbeatMs, Roster } from './roster.ts'
import { SlotLoad } from './slot-load.ts'
import { slotCount, slotOfName, slotOfPartition } from './slots.ts'

export interface MembershipDeps {
  readonly database: FleetDatabase
  readonly clock: Clock
  readonly log: Log
  readonly identity: {
    readonly nodeId: number
    readonly name: string
    readonly incarnation: number
    readonly rack: string
  }
  readonly load: SlotLoad
  /** Why this broker had better have no clients, where others can have them; undefined mostly. */
  readonly impaired?: () => string | undefined
  /** How many writes to the bucket this process has ended well. */
  readonly bucketWrites?: () => number
}

/** Load moves slots at most so often; brokers that come and go do at once. */
const balanceMs = 30_000
/** Load is told every so many heartbeats: it is a kilobyte. */
const loadBeats = 10

/** Another has the name, or the catalog says so: the process must end. */
const isFatal = (error: unknown): boolean => isFailure(error, 'fenced')

export class Membership implements ClusterView {
  readonly #deps: MembershipDeps
  readonly #nodeId: number
  #address = { host: '', port: 0 }
  #state: BrokerRow['state'] = 'serving'
  /** Until then, on the monotonic clock, nobody takes this broker for dead. */
  #leaseUntilMs = -1
  readonly #roster = new Roster()
  #placement: Placement | undefined
  #version = 0
  #balancedMs = 0
  readonly #silence: Outage
  #beats = 0
  readonly #hearers: (() => void)[] = []
  #isCutOff = false
  #cutOffTimer: Timer | undefined
  readonly #cutOffHearers = new Set<() => void>()

  constructor(deps: MembershipDeps) {
    this.#deps = deps
    this.#nodeId = deps.identity.nodeId
    this.#silence = new Outage(deps.clock, 'the others do not hear of this broker')
  }

  get nodeId(): number {
    return this.#nodeId
  }

  get zone(): string {
    return this.#deps.identity.rack
  }

  get incarnation(): number {
    return this.#deps.identity.incarnation
  }

  /** The placement that is in force, as far as was heard. */
  get placement(): { readonly version: number; readonly placement: Placement | undefined } {
    return { version: this.#version, placement: this.#placement }
  }

  /** All rows as they were last heard of, dead ones too. */
  get rows(): readonly BrokerRow[] {
    return this.#roster.rows
  }

  /**
   * Registers this process, in place of another of its name, once it is known where it listens.
   *
   * @throws Failure 'unavailable' | 'unknown-outcome' | 'fenced'
   */
  async begin(address: { readonly host: string; readonly port: number }): Promise<void> {
    const { database, identity } = this.#deps
    this.#address = address
    await registerBroker(database, { ...identity, ...address }, await database.databaseMs())
    await this.beat()
  }

  /** Beats until `signal` aborts. @throws Failure 'fenced': another process has the name. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps
    this.#watch(clock.monotonicMs())
    try {
      while (!signal.aborted) {
        await sleep(clock, heartbeatMs, signal)
        if (signal.aborted) return
        try {
          const sentMs = clock.monotonicMs()
          await this.beat()
          this.#watch(sentMs)
        } catch (error) {
          if (!isFailure(error) || isFatal(error)) throw error
          if (error.kind === 'closed') return
          this.#silence.failed(error)
          log.warn({ error: error.message }, 'a heartbeat was not written')
        }
      }
    } finally {
      this.#cutOffTimer?.cancel()
    }
  }

  /** A heartbeat that was sent then has arrived; a timer, because the next one may hang. */
  #watch(sentMs: number): void {
    const { clock, log } = this.#deps
    this.#cutOffTimer?.cancel()
    if (this.#isCutOff) log.info({}, 'this broker is one of the others again')
    this.#isCutOff = false
    // Before the others can have given it up: what a client has on its way here must not be
    // overtaken by what it sends to them.
    this.#cutOffTimer = clock.after(sentMs + deadMs - clock.monotonicMs(), () => {
      this.#isCutOff = true
      const others = this.#roster.living().length - 1
      const text = 'this broker is cut off from the catalog: its clients are sent to the others'
      log.error({ others }, text)
      for (const hear of this.#cutOffHearers) hear()
    })
  }

  /** @throws Failure 'fenced' | 'unavailable' | 'unknown-outcome' */
  async beat(): Promise<void> {
    const { database, clock, identity, load } = this.#deps
    const sentMs = clock.monotonicMs()
    const nowMs = await database.databaseMs()
    load.measure(sentMs)
    const isTold = this.#beats++ % loadBeats === 0
    const own = {
      nodeId: this.#nodeId,
      name: identity.name,
      incarnation: identity.incarnation,
      state: this.#state === 'serving' && this.#isImpaired() ? 'impaired' : this.#state,
      placementVersion: this.#version,
      bucketWrites: this.#deps.bucketWrites?.() ?? 0,
      ...(isTold ? { load: JSON.stringify(load.rates()) } : {}),
    }
    const rows = await heartbeat(database, own, nowMs)
    this.#leaseUntilMs = sentMs + deadMs
    this.#silence.ended()
    this.#hear(rows, nowMs)
    await this.#keepPlacement(rows, nowMs, sentMs)
  }

  /**
   * Tells clients to go elsewhere; resolves when every broker that lives shows a placement without
   * this one, or `patienceMs` are over.
   */
  async drain(patienceMs: number): Promise<void> {
    const { clock } = this.#deps
    this.#state = 'draining'
    const endMs = clock.monotonicMs() + patienceMs
    for (;;) {
      await this.beat()
      const others = this.#roster.living().filter(({ nodeId }) => nodeId !== this.#nodeId)
      const isShown = others.every(({ placementVersion }) => placementVersion >= this.#version)
      // Where all stop there is nowhere to go.
      if (others.every(({ state }) => state === 'draining')) return
      if (!this.#isPlaced() && isShown) return
      if (clock.monotonicMs() >= endMs) return
      await sleep(clock, heartbeatMs / 5)
    }
  }

  /** The last sign of life: others need not wait for this broker's death. */
  async leave(): Promise<void> {
    this.#state = 'stopped'
    await this.beat()
  }

  nodes(): readonly Node[] {
    const nodes = this.#roster.living().map(({ nodeId, host, port, rack }) => ({
      nodeId,
      host,
      port,
      rack,
    }))
    if (nodes.some(({ nodeId }) => nodeId === this.#nodeId)) return nodes
    return [...nodes, { nodeId: this.#nodeId, ...this.#address, rack: this.zone }]
  }

  controllerId(): number {
    return this.#placement?.coordinators[0] ?? this.#nodeId
  }

  leaderOf(partitionId: number, zone: string | undefined): number {
    const slots = this.#placement?.zones[zone ?? this.zone]
    const slot = slotOfPartition(partitionId)
    // A zone without brokers of its own: one of them all, the same for everybody.
    const nodeId = slots?.[slot] ?? this.#placement?.coordinators[slot]
    return this.#orAnother(nodeId ?? this.#nodeId, slot)
  }

  /** While this broker is cut off it shows another, which knows better. */
  #orAnother(nodeId: number, slot: number): number {
    if (!this.#isCutOff || nodeId !== this.#nodeId) return nodeId
    const others = this.#roster.able().filter((row) => row.nodeId !== nodeId)
    return others[slot % others.length]?.nodeId ?? nodeId
  }

  readerFor(partitionId: number, rack: string): number | undefined {
    const nodeId = this.#placement?.zones[rack]?.[slotOfPartition(partitionId)]
    return rack === '' || nodeId === this.#nodeId ? undefined : nodeId
  }

  replicasOf(partitionId: number, zone: string | undefined): readonly number[] {
    const leader = this.leaderOf(partitionId, zone)
    const zones = Object.values(this.#placement?.zones ?? {})
    const others = zones.map((slots) => slots[slotOfPartition(partitionId)] as number)
    return [...new Set([leader, ...others])]
  }

  leftInVersion(partitionId: number, zone: string | undefined): number | undefined {
    if (this.leaderOf(partitionId, zone) === this.#nodeId) return undefined
    return this.#isShownByAll ? this.#version : undefined
  }

  coordinatorOf(name: string): number {
    return this.#orAnother(this.#placedCoordinator(name), slotOfName(name))
  }

  #placedCoordinator(name: string): number {
    return this.#placement?.coordinators[slotOfName(name)] ?? this.#nodeId
  }

  coordination(name: string): Coordination {
    if (this.#placedCoordinator(name) !== this.#nodeId) return 'other'
    return this.#deps.clock.monotonicMs() < this.#leaseUntilMs ? 'own' : 'unsure'
  }

  termOf(name: string): CoordinatorTerm | undefined {
    if (this.#placedCoordinator(name) !== this.#nodeId) return undefined
    const version = this.#placement?.coordinatorsSince?.[slotOfName(name)] ?? 0
    return { version, incarnation: this.incarnation }
  }

  isCutOff(): boolean {
    return this.#isCutOff
  }

  onCutOff(hear: () => void): () => void {
    this.#cutOffHearers.add(hear)
    return () => void this.#cutOffHearers.delete(hear)
  }

  isLister(partitionId: number): boolean {
    return this.#placement?.coordinators[slotOfPartition(partitionId)] === this.#nodeId
  }

  /** Why the others take this broker for dead; undefined where they do not. */
  unheard(): string | undefined {
    const lateMs = this.#deps.clock.monotonicMs() - this.#leaseUntilMs
    if (lateMs < 0) return undefined
    const why = this.#silence.told()
    if (why !== undefined) return why
    if (this.#leaseUntilMs < 0) return 'the others have not heard of it yet'
    const seconds = Math.round((lateMs + deadMs) / 1_000)
    return `the others do not hear of this broker: the catalog has not answered for ${seconds} s`
  }

  /** True where any broker that lives says that it had better have no clients. */
  hasImpaired(): boolean {
    return this.#roster.living().some(({ state }) => state === 'impaired')
  }

  /** True where the process of that incarnation lives, as far as was heard. */
  isAlive(incarnation: number): boolean {
    return this.#roster.living().some((row) => row.incarnation === incarnation)
  }

  onChange(hear: () => void): void {
    this.#hearers.push(hear)
  }

  #wasImpaired = false

  #isImpaired(): boolean {
    const { impaired, log } = this.#deps
    const reason = impaired?.()
    if (reason !== undefined && !this.#wasImpaired) {
      log.warn({ reason }, 'this broker asks for its clients to be sent to others that can write')
    }
    this.#wasImpaired = reason !== undefined
    return this.#wasImpaired
  }

  #isPlaced(): boolean {
    const { zones = {}, coordinators = [] } = this.#placement ?? {}
    return [coordinators, ...Object.values(zones)].some((slots) => slots.includes(this.#nodeId))
  }

  #isShownByAll = false

  #hear({ brokers, placement }: FleetRows, nowMs: number): void {
    const before = JSON.stringify(this.nodes())
    const isNews = placement !== undefined && placement.version > this.#version
    if (isNews) {
      this.#placement = parsePlacement(placement.body)
      this.#version = placement.version
    }
    this.#roster.hear(brokers, new Set(this.#placement?.coordinators), nowMs)
    const others = this.#roster.living().filter(({ nodeId }) => nodeId !== this.#nodeId)
    this.#isShownByAll = others.every(({ placementVersion }) => placementVersion >= this.#version)
    if (!isNews && JSON.stringify(this.nodes()) === before) return
    for (const hear of this.#hearers) hear()
  }

  /** The broker with the lowest id makes the next version; who else does comes too late. */
  async #keepPlacement(rows: FleetRows, nowMs: number, atMs: number): Promise<void> {
    const { database, log } = this.#deps
    const able = this.#roster.able()
    const living = this.#roster.living()
    const keeper = living.find(({ state }) => state !== 'draining') ?? living[0]
    if (keeper?.nodeId !== this.#nodeId || able.length === 0) return
    const members = able.map(({ nodeId, rack }) => ({ nodeId, zone: rack }))
    const isCalm = !this.#roster.hasExcused && able.every(({ state }) => state === 'serving')
    const mayBalance = isCalm && atMs - this.#balancedMs >= balanceMs
    const reason = reasonOf(
      this.#placement,
      members.map(({ nodeId }) => nodeId),
    )
    if (reason === undefined && !mayBalance) return
    if (mayBalance) this.#balancedMs = atMs
    const version = (rows.placement?.version ?? 0) + 1
    const weights = weightsOf(able)
    const input = { members, weights, reason: reason ?? 'load', version }
    const next = planPlacement(this.#placement, input)
    if (next === undefined) return
    const row = { version, madeMs: nowMs, nodeId: this.#nodeId, body: JSON.stringify(next) }
    if (!(await writePlacement(database, row))) return
    log.info({ version, reason: next.reason, moves: next.moves.length }, 'clients are placed anew')
    this.#hear({ brokers: rows.brokers, placement: row }, nowMs)
    database.announce()
  }
}

const evenWeights: readonly number[] = Array.from({ length: slotCount }, () => 1)

/** Each slot costs something; half of the whole is by what its partitions write and read. */
function weightsOf(rows: readonly BrokerRow[]): readonly number[] {
  const bytes = SlotLoad.sum(rows.map(({ load }) => load))
  const total = bytes.reduce((sum, each) => sum + each, 0)
  if (total < busyBytes) return evenWeights
  return bytes.map((each) => 1 + (each / total) * slotCount)
}

/** A cluster with less traffic than this a second is not worth a move. */
const busyBytes = 1024 * 1024

/** Why brokers and placement do not fit; undefined where they do. */
function reasonOf(
  placement: Placement | undefined,
  serving: readonly number[],
): string | undefined {
  if (placement === undefined) return 'the first broker'
  const placed = new Set(placement.coordinators)
  const come = serving.filter((nodeId) => !placed.has(nodeId))
  const gone = [...placed].filter((nodeId) => !serving.includes(nodeId))
  const parts = [
    ...come.map((nodeId) => `broker ${nodeId} has come`),
    ...gone.map((nodeId) => `broker ${nodeId} is gone`),
  ]
  return parts.length === 0 ? undefined : parts.join(', ')
}
