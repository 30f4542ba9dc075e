/**
 * What the store tells of a cluster by itself: packed objects by their footers, groups by their
 * headers, and what became of groups by the headers of later ones.
 */
import { eachOf } from '../base/each-of.ts'
import { Failure, isFailure } from '../base/errors.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { groupOfObject } from '../catalog/group-objects.ts'
import { packedNumberOf } from '../catalog/pack-swap.ts'
import { type ObjectRow, objects as objectTable } from '../catalog/schema.ts'
import type { DecidedGroup } from '../journal/decided-groups.ts'
import {
  claimedObjectHeaderBytes,
  decodeObjectHeader,
  type ObjectHeader,
  objectHeaderFixedBytes,
} from '../journal/object-header.ts'
import type { GroupId } from '../journal/journal.ts'
import {
  decodePackedFooter,
  decodePackedTrailer,
  type PackedFooter,
  packedTrailerBytes,
} from '../log/packed-object.ts'
import { objectKey } from '../log/stored-runs.ts'
import type { ObjectStore } from '../objects/object-store.ts'

export interface FoundPacked {
  readonly objectId: string
  readonly number: number
  readonly size: number
  readonly modifiedMs: number
  readonly footer: PackedFooter
  /** Made after what the catalog knows. */
  readonly isNew: boolean
}

export interface FoundGroup {
  readonly objectId: string
  readonly size: number
  readonly header: ObjectHeader
  /** Bytes of the header: where the batches begin. */
  readonly headerBytes: number
}

export interface FoundObjects {
  /** Size by id, of all objects. */
  readonly sizes: ReadonlyMap<string, number>
  /** Not named by the catalog, or not for certain by all that they hold. */
  readonly packed: readonly FoundPacked[]
  readonly groups: readonly FoundGroup[]
  /** What later objects tell of groups. */
  readonly decided: ReadonlyMap<string, DecidedGroup>
  /** Not named, and damaged. */
  readonly unreadable: readonly { readonly objectId: string; readonly reason: string }[]
  /** The highest numbers in names. */
  readonly highest: { readonly packed: number; readonly incarnation: number }
}

export const groupName = ({ incarnation, groupNumber }: GroupId): string =>
  `${incarnation}/${groupNumber}`

const together = 8
const listMax = 1_000
/** One read has the header of most groups. */
const headReadBytes = 64 * 1024
const footerBytesMax = 64 * 1024 * 1024

export interface StoreOfCluster {
  readonly objects: ObjectStore
  readonly clusterId: string
}

/**
 * Objects so far below the first unknown one may have been named in part: a packer names what it
 * packed slice by slice, and so does a rescue that was cut off.
 */
const partlyNamedMax = 10_000

/**
 * `firstObject`: the number of the first packed object that the catalog does not know.
 *
 * @throws Failure 'unavailable'
 */
export async function findObjects(
  database: CatalogDatabase,
  store: StoreOfCluster,
  firstObject: number,
  progress: (text: () => string) => void,
): Promise<FoundObjects> {
  const sizes = new Map<string, number>()
  const packed: FoundPacked[] = []
  const groups: FoundGroup[] = []
  const unreadable: { objectId: string; reason: string }[] = []
  const highest = { packed: -1, incarnation: -1 }
  await eachOf(listed(database, store), together, async ({ objectId, size, modifiedMs, row }) => {
    sizes.set(objectId, size)
    progress(() => `${sizes.size} objects of the store`)
    const number = packedNumberOf(objectId)
    const group = groupOfObject(objectId)
    highest.packed = Math.max(highest.packed, number ?? -1)
    highest.incarnation = Math.max(highest.incarnation, group?.incarnation ?? -1)
    // What the catalog has ended it knows better, and what it named long ago.
    const isEnded = row?.state === 'garbage' || row?.state === 'cancelled'
    const isOld = row?.state === 'live' && (number ?? -1) < firstObject - partlyNamedMax
    if (isEnded || isOld) return
    try {
      if (number !== undefined) {
        const footer = await readFooter(store, objectId, size)
        packed.push({ objectId, number, size, modifiedMs, footer, isNew: number >= firstObject })
      } else if (group !== undefined) groups.push(await readHeader(store, objectId, size, group))
    } catch (error) {
      if (!isFailure(error, 'corrupt') && !isFailure(error, 'not-found')) throw error
      unreadable.push({ objectId, reason: error.message })
    }
  })
  const decided = new Map<string, DecidedGroup>()
  for (const { header } of groups) {
    for (const each of header.decided) decided.set(groupName(each.id), each)
  }
  return { sizes, packed, groups, decided, unreadable, highest }
}

interface Listed {
  readonly objectId: string
  readonly size: number
  readonly modifiedMs: number
  readonly row: ObjectRow | undefined
}

/** Keys of packed objects and of groups, each with its row. */
async function* listed(
  database: CatalogDatabase,
  { objects, clusterId }: StoreOfCluster,
): AsyncGenerator<Listed, void, undefined> {
  const known = objectKey(clusterId, '').length
  for (const kind of ['journal-', 'packed-']) {
    for (let after: string | undefined; ;) {
      const page = await objects.list(objectKey(clusterId, kind), after, listMax)
      const ids = page.map(({ key }) => key.slice(known))
      const rows = await database.snapshot('read objects', (tx) =>
        tx.get(
          objectTable,
          ids.map((id) => [id]),
        ),
      )
      for (const [at, { size, modifiedMs }] of page.entries()) {
        yield { objectId: ids[at] as string, size, modifiedMs, row: rows[at] }
      }
      after = page.at(-1)?.key
      if (page.length < listMax) break
    }
  }
}

/** @throws Failure 'corrupt': it does not tell what it holds. */
async function readFooter(
  { objects, clusterId }: StoreOfCluster,
  objectId: string,
  size: number,
): Promise<PackedFooter> {
  if (size < packedTrailerBytes) throw new Failure('corrupt', 'it is shorter than a trailer')
  const key = objectKey(clusterId, objectId)
  const trailerAt = size - packedTrailerBytes
  const trailer = decodePackedTrailer(await objects.read(key, trailerAt, packedTrailerBytes))
  if (trailer.position + trailer.length !== trailerAt || trailer.length > footerBytesMax) {
    throw new Failure('corrupt', 'its trailer leads elsewhere')
  }
  const length = trailer.length + packedTrailerBytes
  return decodePackedFooter(await objects.read(key, trailer.position, length))
}

/** @throws Failure 'corrupt': no sound header of that group. */
async function readHeader(
  { objects, clusterId }: StoreOfCluster,
  objectId: string,
  size: number,
  id: GroupId,
): Promise<FoundGroup> {
  const key = objectKey(clusterId, objectId)
  let head = await objects.read(key, 0, Math.min(size, headReadBytes))
  const headerBytes = claimedObjectHeaderBytes(head) ?? objectHeaderFixedBytes
  if (headerBytes > head.length && headerBytes <= size)
    head = await objects.read(key, 0, headerBytes)
  const header = decodeObjectHeader(head)
  if (typeof header === 'string') throw new Failure('corrupt', `its header is ${header}`)
  const isOurs = Buffer.from(header.clusterId).toString('base64url') === clusterId
  const isIt = groupName(header.id) === groupName(id)
  if (!isOurs || !isIt) throw new Failure('corrupt', 'another group stands in it')
  if (headerBytes + header.byteLength !== size) throw new Failure('corrupt', 'it was cut short')
  return { objectId, size, header, headerBytes }
}
