/** What a folder of journal files holds of what the catalog names, found when the journal opens. */
import { Failure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Disk, FolderEntry } from '../disk/disk.ts'
import { checkBatchCrc, forEachBatch } from '../record/batch-sequence.ts'
import type { GroupHeader, NoHeader } from './group-header.ts'
import { claimedHeaderBytes, decodeGroupHeader, headerBytesOf } from './group-header.ts'
import type { KnownGroup } from './journal.ts'
import type { FileSlot } from './journal-object.ts'
import { incarnationOf, JournalObject, pageBytes, pagesFor } from './journal-object.ts'

export interface RecoveryInput {
  readonly disk: Disk
  readonly folder: string
  readonly clusterId: Uint8Array
  readonly known: readonly KnownGroup[]
  readonly liveObjects: readonly string[]
  readonly log: Log
}

export interface Recovered {
  readonly objects: readonly JournalObject[]
  /** The one to go on writing, if any: the newest, and whole up to its last named group. */
  readonly active: JournalObject | undefined
  /** Nothing in them is named. */
  readonly spares: readonly FileSlot[]
  /** May be what is missing: left untouched, for the doctor. */
  readonly aside: readonly FileSlot[]
  readonly highestNumber: number
  readonly highestIncarnation: number
}

interface FoundFile {
  readonly slot: FileSlot
  readonly first: GroupHeader | NoHeader
}

type Proven = { readonly header: GroupHeader; readonly checksum: number }

const fileName = /^(\d{8,15})(-ended)?\.journal$/

/** Verified with its bytes when the journal opens; of a larger group only the header. */
const verifiedBytesMax = 64 * 1024 * 1024

/**
 * Reads what every file says of itself and holds it against the catalog. Writes nothing.
 *
 * @throws Failure 'invalid': the folder is another cluster's, or was written by a later release.
 */
export async function recoverJournal(input: RecoveryInput): Promise<Recovered> {
  const entries = await input.disk.list(input.folder)
  const files = await Promise.all(
    entries.filter(({ name }) => fileName.test(name)).map((entry) => inspect(input, entry)),
  )
  for (const { slot, first } of files) refuseForeign(input, slot, first)
  const objects: JournalObject[] = []
  const unclaimed = new Set(files)
  let missing = 0
  for (const objectId of input.liveObjects) {
    const incarnation = incarnationOf(objectId)
    if (incarnation === undefined) {
      throw new Failure('invalid', `the catalog names a journal object ${objectId}: no such id`)
    }
    const known = lastKnown(input.known, objectId)
    if (known === undefined) continue // no group of it ever committed: its file is a spare
    const found = await findFile(unclaimed, incarnation, known)
    if (found === undefined) missing++
    else unclaimed.delete(found)
    objects.push(await recoverObject(input.log, incarnation, known, found))
  }
  const incarnations = files.map(({ first }) =>
    typeof first === 'string' ? 0 : first.fileIncarnation,
  )
  const highestIncarnation = Math.max(
    0,
    ...incarnations,
    ...objects.map((each) => each.incarnation),
  )
  const left = [...unclaimed]
  const aside = left.filter(
    ({ first }) => missing > 0 && (first === 'torn' || first === 'not a group'),
  )
  return {
    objects,
    active: objects.find((each) => resumable(each) && each.incarnation === highestIncarnation),
    spares: left.filter((file) => !aside.includes(file)).map(({ slot }) => slot),
    aside: aside.map(({ slot }) => slot),
    highestNumber: Math.max(0, ...entries.map(({ name }) => Number(fileName.exec(name)?.[1] ?? 0))),
    highestIncarnation,
  }
}

function resumable({ slot, faults }: JournalObject): boolean {
  return slot?.writable === true && faults.length === 0
}

function lastKnown(known: readonly KnownGroup[], objectId: string): KnownGroup | undefined {
  const groups = known.filter((group) => group.objectId === objectId)
  return groups.toSorted((one, other) => other.position - one.position)[0]
}

async function inspect({ disk, folder }: RecoveryInput, entry: FolderEntry): Promise<FoundFile> {
  const path = `${folder}/${entry.name}`
  const file = await disk.open(path, 'write')
  const slot = { file, path, sizeBytes: entry.size, writable: !entry.name.includes('-ended') }
  const found = await headerAt(slot, 0)
  return { slot, first: typeof found === 'string' ? found : found.header }
}

function refuseForeign(
  input: RecoveryInput,
  { path }: FileSlot,
  first: GroupHeader | NoHeader,
): void {
  if (first === 'unknown version') {
    throw new Failure('invalid', `${path} was written by a later release: start that one`)
  }
  if (typeof first === 'string' || Buffer.compare(first.clusterId, input.clusterId) === 0) return
  throw new Failure(
    'invalid',
    `${path} is the journal of cluster ${Buffer.from(first.clusterId).toString('base64url')}, ` +
      `not of ${Buffer.from(input.clusterId).toString('base64url')}: ` +
      'each cluster needs its own folder',
  )
}

/** The group header at `position`, proven to have been written there. */
async function headerAt({ file }: FileSlot, position: number): Promise<Proven | NoHeader> {
  const page = Buffer.alloc(pageBytes)
  let bytes = page.subarray(0, await file.read(page, position))
  if (bytes.length === 0) return 'empty'
  const claimed = claimedHeaderBytes(bytes)
  if (claimed !== undefined && claimed > pageBytes) {
    bytes = Buffer.alloc(claimed)
    await file.read(bytes, position)
  }
  const decoded = decodeGroupHeader(bytes)
  if (typeof decoded === 'string') return decoded
  return decoded.header.position === position ? decoded : 'not a group'
}

/** By its first header, or where that one is damaged, by the last one that the catalog names. */
async function findFile(
  files: ReadonlySet<FoundFile>,
  incarnation: number,
  known: KnownGroup,
): Promise<FoundFile | undefined> {
  for (const file of files) {
    if (typeof file.first !== 'string' && file.first.fileIncarnation === incarnation) return file
  }
  for (const file of files) {
    if (typeof file.first !== 'string' || file.first === 'empty') continue
    const found = await headerAt(file.slot, known.position)
    if (typeof found !== 'string' && found.header.fileIncarnation === incarnation) return file
  }
  return undefined
}

async function recoverObject(
  log: Log,
  incarnation: number,
  known: KnownGroup,
  found: FoundFile | undefined,
): Promise<JournalObject> {
  const end = pagesFor(known.position + known.length)
  const proven =
    found === undefined ? 'its file is missing' : await proveGroup(found.slot, incarnation, known)
  if (typeof proven !== 'string')
    return new JournalObject(incarnation, found?.slot, end, proven.checksum)
  const object = new JournalObject(incarnation, found?.slot, end)
  const fault = object.isolate(known.position, known.length, proven)
  log.error(
    { ...fault, path: found?.slot.path },
    'a committed group is damaged: reads of it are refused',
  )
  return object
}

/** The header of a group that the catalog names, proven with its batches, or what is wrong with it. */
async function proveGroup(
  slot: FileSlot,
  incarnation: number,
  known: KnownGroup,
): Promise<Proven | string> {
  const found = await headerAt(slot, known.position)
  if (typeof found === 'string') return `its header is damaged: ${found}`
  const { header } = found
  const { id } = header
  if (header.fileIncarnation !== incarnation)
    return `it was overwritten by ${header.fileIncarnation}`
  if (id.incarnation !== known.id.incarnation || id.groupNumber !== known.id.groupNumber) {
    return `group ${id.incarnation}/${id.groupNumber} stands in its place`
  }
  const headerBytes = headerBytesOf(header.runs.length)
  if (headerBytes + header.byteLength !== known.length) return 'it has another length'
  return (await damageOf(slot, header, known.position + headerBytes)) ?? found
}

async function damageOf(
  slot: FileSlot,
  header: GroupHeader,
  bytesPosition: number,
): Promise<string | undefined> {
  if (header.byteLength > verifiedBytesMax) return undefined
  const bytes = Buffer.allocUnsafeSlow(header.byteLength)
  const got = await slot.file.read(bytes, bytesPosition)
  if (got < bytes.length) return `its file ends after ${got} of ${bytes.length} bytes`
  try {
    forEachBatch(bytes, (at) => checkBatchCrc(bytes, at))
    return undefined
  } catch (error) {
    return error instanceof Failure ? error.message : String(error)
  }
}
