/**
 * Thousands of ways for the power to go: what was committed is read back, what was not never counts
 * (W1, W3, C1).
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../test/support/seeded-random.ts'
import { sleep } from '../base/clock.ts'
import { isFailure } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import { randomBelow } from '../base/random.ts'
import { systemClock } from '../base/system-clock.ts'
import type { DiskFault, DiskOperation } from '../disk/memory-disk.ts'
import { MemoryDisk } from '../disk/memory-disk.ts'
import type { DiskJournal } from './disk-journal.ts'
import { openDiskJournal } from './disk-journal.ts'
import type { GroupPlace, JournalGroup, KnownGroup } from './journal.ts'
import { bytesOf, knownAs, someCluster, someGroup } from './some-groups.ts'

const fileBytes = 32 * 1024
const seeds = Number(process.env['JOURNAL_SEEDS'] ?? 60)

interface Committed {
  readonly group: JournalGroup
  readonly known: KnownGroup & GroupPlace
}

/** One broker after another on one disk, beside a catalog that forgets nothing. */
class Machine {
  readonly #random: Random
  readonly disk: MemoryDisk
  journal: DiskJournal | undefined
  committed: Committed[] = []
  /** Chance of each fault per operation, in 1/1000. */
  faultsPerMille = 0
  #drawn = 0
  #groups = 0
  readonly counts = { crashes: 0, writes: 0, refused: 0, retired: 0 }

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    const fault = (operation: DiskOperation): DiskFault | undefined => this.#fault(operation)
    this.disk = new MemoryDisk({ clock: systemClock, random: this.#random, fault })
  }

  below(bound: number): number {
    return randomBelow(this.#random, bound)
  }

  #fault({ kind }: DiskOperation): DiskFault | undefined {
    if (kind !== 'write' && kind !== 'sync' && kind !== 'sync-folder') return undefined
    if (this.below(1000) >= this.faultsPerMille) return undefined
    return { fail: kind === 'write' && this.below(2) === 0 ? 'overloaded' : 'unavailable' }
  }

  async open(): Promise<void> {
    const known = this.committed.map((each) => each.known)
    this.journal = await openDiskJournal({
      disk: this.disk.mount(),
      folder: 'journal',
      clusterId: someCluster,
      known,
      liveObjects: [...new Set(known.map(({ objectId }) => objectId))],
      nextIncarnation: async () => ++this.#drawn,
      fileBytes,
      groupBytesMax: 4 * fileBytes,
      sparesKept: 3,
      freeBytesMin: 0,
    })
    assert.deepEqual(this.journal.faults(), [])
    await this.check()
  }

  /** Everything that is committed can be read, and is what was written. */
  async check(): Promise<void> {
    for (const { group, known } of this.committed) {
      const { objectId, bytesPosition } = known
      const read = await this.journal?.read(objectId, bytesPosition, group.byteLength)
      assert.ok(read !== undefined && Buffer.compare(read, bytesOf(group)) === 0, objectId)
    }
  }

  /** A write that is refused is not committed; so is, now and then, one that is not. */
  async write(): Promise<void> {
    const { journal } = this
    const size = [10, 500, 4000, 9000, 30_000, 60_000][this.below(6)] ?? 10
    const group = someGroup(++this.#groups, [this.below(size), this.below(size)])
    try {
      const place = await journal?.write(group)
      const alive = journal === this.journal // the answer reached a catalog that was still there
      if (place !== undefined && alive && this.below(8) > 0) {
        this.committed.push({ group, known: knownAs(group, place) })
      }
      this.counts.writes++
    } catch (error) {
      assert.ok(isFailure(error, 'overloaded') || isFailure(error, 'unavailable'), String(error))
      this.counts.refused++
    }
  }

  async retire(): Promise<void> {
    const finished = this.journal?.finished() ?? []
    const objectId = finished[this.below(finished.length)]
    if (objectId === undefined) return
    this.committed = this.committed.filter(({ known }) => known.objectId !== objectId)
    await this.journal?.retire(objectId)
    this.counts.retired++
  }

  /** The power goes while something is under way, at any step of it. */
  async crash(): Promise<void> {
    const underWay = this.below(3) === 0 ? this.retire() : this.write()
    const also = this.below(2) === 0 ? this.write() : undefined
    for (let tick = this.below(40); tick > 0; tick--) await Promise.resolve()
    this.journal = undefined
    this.disk.crash(this.#random)
    await Promise.allSettled([underWay, also])
    this.counts.crashes++
    this.disk.capacityBytes = Number.MAX_SAFE_INTEGER
    this.faultsPerMille = 0
    await this.open()
  }

  async step(): Promise<void> {
    const draw = this.below(100)
    if (draw < 62) await this.write()
    else if (draw < 70) await Promise.all([this.write(), this.write(), this.write()])
    else if (draw < 76) await this.retire()
    else if (draw < 80) await this.journal?.roll()
    else if (draw < 84) this.faultsPerMille = [0, 0, 30, 300][this.below(4)] ?? 0
    else if (draw < 87) this.disk.capacityBytes = this.disk.usedBytes() + this.below(2 * fileBytes)
    else if (draw < 90) this.disk.capacityBytes = Number.MAX_SAFE_INTEGER
    else if (draw < 96) await this.crash()
    else await this.restart()
  }

  async restart(): Promise<void> {
    const { journal } = this
    this.faultsPerMille = 0
    await journal?.close()
    await this.open()
  }

  /** S1: when the faults stop, writing succeeds again without help. */
  async heal(): Promise<void> {
    this.faultsPerMille = 0
    this.disk.capacityBytes = Number.MAX_SAFE_INTEGER
    const { refused } = this.counts
    await this.write()
    assert.equal(this.counts.refused, refused, 'a healed disk takes writes')
    await this.check()
    await this.restart()
    await this.journal?.close()
  }
}

test(`nothing that was committed is lost in ${seeds} lives of a journal`, async (t) => {
  const sums = { crashes: 0, writes: 0, refused: 0, retired: 0 }
  for (let seed = 0; seed < seeds; seed++) {
    const machine = new Machine(seed)
    try {
      await machine.open()
      for (let steps = 40; steps > 0; steps--) await machine.step()
      await machine.heal()
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
    for (const key of ['crashes', 'writes', 'refused', 'retired'] as const) {
      sums[key] += machine.counts[key]
    }
    if (seed % 50 === 0) await sleep(systemClock, 0)
  }
  t.diagnostic(JSON.stringify(sums))
  for (const count of Object.values(sums)) assert.ok(count > seeds / 2, 'every path is walked')
})
