/**
 * Reads every byte that the catalog names and proves it by its checksums: frames of objects,
 * headers of groups, batches, and that each run holds the offsets it is named for. What cannot be
 * proven is told only where the catalog names it still.
 */
import { eachOf } from '../base/each-of.ts'
import { Failure, isFailure } from '../base/errors.ts'
import type { Run } from '../catalog/manifest.ts'
import {
  type CommitLogRow,
  type ExtentRow,
  extents,
  type ObjectRow,
  objects,
  type PartitionRow,
} from '../catalog/schema.ts'
import { blockOf } from '../log/block.ts'
import {
  decodePackedFooter,
  decodePackedHeader,
  decodePackedTrailer,
  packedHeaderBytes,
  packedTrailerBytes,
} from '../log/packed-object.ts'
import { objectKey } from '../log/stored-runs.ts'
import { tellDamagedGroup } from './damaged-group.ts'
import { affect } from './finding.ts'
import type { LookOptions, Patient } from './patient.ts'
import {
  livingPartitions,
  partitionName,
  placeOf,
  rowsOf,
  type Survey,
  type UnpackedGroup,
} from './survey.ts'

/** Reads at once: extents are of 8 MiB at most, mostly, which bounds the memory. */
const together = 4
/** A larger group is read run by run. */
const wholeBytesMax = 16 * 1024 * 1024
/** A footer names some thousand extents; one that claims more than this is damaged. */
const footerBytesMax = 64 * 1024 * 1024

export async function checkBytes(
  patient: Patient,
  survey: Survey,
  options: LookOptions,
): Promise<void> {
  const proof = new Proof(patient, survey, options)
  await eachOf(survey.groups, together, (group) => proof.group(group))
  await eachOf(rowsOf(patient.catalog, objects), together, (row) => proof.frame(row))
  const all = allExtents(patient, survey)
  await eachOf(all, together, ({ row, extent }) => proof.extent(row, extent))
}

/** Over all partitions: where each has few the reads of several are on their way. */
async function* allExtents(patient: Patient, survey: Survey) {
  for (const row of livingPartitions(survey)) {
    for await (const extent of extentsOf(patient, row)) yield { row, extent }
  }
}

async function* extentsOf({ catalog }: Patient, { partitionId }: PartitionRow) {
  const limit = 1_000
  for (let after: number | undefined; ;) {
    const range = { prefix: [partitionId], limit }
    const page = await catalog.snapshot('read extents', (tx) =>
      tx.scan(extents, after === undefined ? range : { ...range, after: [after] }),
    )
    yield* page
    after = page.at(-1)?.baseOffset
    if (page.length < limit) return
  }
}

class Proof {
  readonly #patient: Patient
  readonly #survey: Survey
  readonly #options: LookOptions
  /** Told already as gone, or as another length. */
  readonly #known: ReadonlySet<string>

  constructor(patient: Patient, survey: Survey, options: LookOptions) {
    this.#patient = patient
    this.#survey = survey
    this.#options = options
    const told = [...survey.findings.of('missing-object')]
    this.#known = new Set(told.map(({ subject }) => subject))
  }

  get #isOver(): boolean {
    const { counts } = this.#survey
    this.#options.progress(() => `${Math.round(counts.provenBytes / 1_048_576)} MiB proven`)
    return this.#options.signal.aborted
  }

  async group({ row, runs }: UnpackedGroup): Promise<void> {
    if (row.objectId === '' || this.#isOver || this.#known.has(row.objectId)) return
    const { groups } = this.#patient
    const wrong = await reasonOf(async () => groups.prove(row))
    if (wrong !== undefined) return this.#damaged(row, runs, wrong)
    const stored = runs.filter(({ marker }) => marker === undefined)
    const isWhole = row.length <= wholeBytesMax
    let whole: Uint8Array | undefined
    const unread = await reasonOf(async () => {
      if (isWhole) whole = await groups.read(row, row.position, row.length)
    })
    if (unread !== undefined) return this.#damaged(row, runs, unread)
    for (const run of stored) {
      const at = run.position - row.position
      const reason = await reasonOf(async () => {
        const bytes =
          whole === undefined
            ? await groups.read(row, run.position, run.length)
            : Buffer.from(whole.subarray(at, at + run.length))
        if (bytes.length < run.length) throw new Failure('corrupt', 'the group is cut short')
        blockOf(run, 'journal', bytes)
        this.#survey.counts.provenBytes += bytes.length
      })
      if (reason !== undefined) await this.#damaged(row, [run], reason)
    }
  }

  #damaged(row: CommitLogRow, runs: readonly Run[], reason: string): Promise<void> {
    return tellDamagedGroup(this.#patient.catalog, this.#survey, row, runs, reason)
  }

  /** Whether an object tells by itself what it holds, as the loss of a catalog needs it. */
  async frame(row: ObjectRow): Promise<void> {
    const { objectId, kind, state, size } = row
    if (kind !== 'packed' || state !== 'live' || this.#isOver || this.#known.has(objectId)) return
    const reason = await reasonOf(async () => this.#proveFrame(objectId, size))
    if (reason === undefined || !(await this.#isLive(objectId))) return
    this.#survey.findings.add('damaged', objectId, `its frame: ${reason}`)
  }

  async #proveFrame(objectId: string, size: number): Promise<void> {
    const { clusterId } = this.#patient
    const head = decodePackedHeader(await this.#read(objectId, 0, packedHeaderBytes))
    if (head.clusterId !== clusterId) {
      throw new Failure('corrupt', `it is of cluster ${head.clusterId}`)
    }
    const trailerAt = size - packedTrailerBytes
    const trailer = decodePackedTrailer(await this.#read(objectId, trailerAt, packedTrailerBytes))
    const length = trailer.length + packedTrailerBytes
    if (trailer.position + length !== size || length > footerBytesMax) {
      throw new Failure('corrupt', 'its trailer leads elsewhere')
    }
    decodePackedFooter(await this.#read(objectId, trailer.position, length))
    this.#survey.counts.provenBytes += packedHeaderBytes + length
  }

  async extent(row: PartitionRow, extent: ExtentRow): Promise<void> {
    const { partitionId, baseOffset, objectId, position, length } = extent
    if (this.#isOver || this.#known.has(objectId)) return
    const reason = await reasonOf(async () => {
      blockOf(extent, 'packed', await this.#read(objectId, position, length))
      this.#survey.counts.provenBytes += length
    })
    if (reason === undefined) return
    const key = [partitionId, baseOffset]
    const [again] = await this.#patient.catalog.snapshot('look again', (tx) =>
      tx.get(extents, [key]),
    )
    if (again?.objectId !== objectId) return // swapped or dropped meanwhile
    const name = partitionName(this.#survey, row)
    const detail = `${length} bytes of ${name} at ${position}: ${reason}`
    const finding = this.#survey.findings.add('damaged', objectId, detail, length)
    affect(finding, { ...placeOf(this.#survey, row), from: baseOffset, to: extent.nextOffset })
  }

  #read(objectId: string, position: number, length: number): Promise<Uint8Array> {
    if (position < 0) throw new Failure('corrupt', 'it is shorter than a frame')
    const { objects: store, clusterId } = this.#patient
    const call = { priority: 'background', signal: this.#options.signal } as const
    return store.read(objectKey(clusterId, objectId), position, length, call)
  }

  async #isLive(objectId: string): Promise<boolean> {
    const { catalog } = this.#patient
    const [row] = await catalog.snapshot('look again', (tx) => tx.get(objects, [[objectId]]))
    return row?.state === 'live'
  }
}

/** Why bytes are not what they should be, or gone; undefined where nothing is wrong. */
async function reasonOf(
  look: () => Promise<string | undefined | void>,
): Promise<string | undefined> {
  try {
    return (await look()) ?? undefined
  } catch (error) {
    if (isFailure(error, 'corrupt') || isFailure(error, 'not-found')) return error.message
    throw error
  }
}
