/** What a folder of journal files holds of what the catalog names, found when the journal opens. */
import { Failure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Disk, FolderEntry } from '../disk/disk.ts'
import { checkBatchCrc, forEachBatch } from '../record/batch-sequence.ts'
import type { GroupHeader, NoHeader } from './group-header.ts'
import { headerBytesOf } from './group-header.ts'
import type { KnownGroup } from './journal.ts'
import type { ProvenHeader } from './journal-walk.ts'
import { headerAt } from './journal-walk.ts'
import type { FileSlot } from './journal-object.ts'
import { incarnationOf, JournalObject, pagesFor } from './journal-object.ts'

export interface RecoveryInput {
  readonly disk: Disk
  readonly folder: string
  readonly clusterId: Uint8Array
  readonly known: readonly KnownGroup[]
  readonly liveObjects: readonly string[]
  /** The life of the broker that opens the journal, drawn from the catalog just now. */
  readonly brokerIncarnation?: number
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
  readonly first: GroupHeader | NoHeader | 'unreadable'
}

interface NamedObject {
  readonly incarnation: number
  readonly known: KnownGroup
  readonly found: FoundFile | undefined
}

/** Names of journal files: a number, and whether a write of it failed. */
export const journalFileName: RegExp = /^(\d{8,15})(-ended)?\.journal$/

/** Verified with its bytes when the journal opens; of a larger group only the header. */
const verifiedBytesMax = 64 * 1024 * 1024

/**
 * Reads what every file says of itself and holds it against the catalog. Writes nothing.
 *
 * @throws Failure 'invalid': the folder is another cluster's, or was written by a later release.
 * @throws Failure 'fenced': the catalog is older than the files.
 */
export async function recoverJournal(input: RecoveryInput): Promise<Recovered> {
  const entries = await input.disk.list(input.folder)
  const files = await Promise.all(
    entries.filter(({ name }) => journalFileName.test(name)).map((entry) => inspect(input, entry)),
  )
  for (const { slot, first } of files) refuseForeign(input, slot, first)
  const unclaimed = new Set(files)
  const named = await matchNamed(input, unclaimed)
  await refuseOlderCatalog(input, named)
  const newest = Math.max(0, ...named.map(({ incarnation }) => incarnation))
  const objects = await Promise.all(
    named.map((each) => recoverObject(input.log, each, each.incarnation === newest)),
  )
  const incarnations = files.map(({ first }) =>
    typeof first === 'string' ? 0 : first.fileIncarnation,
  )
  const highestIncarnation = Math.max(
    0,
    ...incarnations,
    ...objects.map((each) => each.incarnation),
  )
  const left = [...unclaimed]
  const missing = named.some(({ found }) => found === undefined)
  const aside = left.filter(
    ({ first }) => missing && typeof first === 'string' && first !== 'empty',
  )
  return {
    objects,
    active: objects.find((each) => resumable(each) && each.incarnation === highestIncarnation),
    spares: left.filter((file) => !aside.includes(file)).map(({ slot }) => slot),
    aside: aside.map(({ slot }) => slot),
    highestNumber: Math.max(
      0,
      ...entries.map(({ name }) => Number(journalFileName.exec(name)?.[1] ?? 0)),
    ),
    highestIncarnation,
  }
}

/**
 * Behind the last named group only lives that are over may have written. One that the catalog has
 * not seen begin means that an older catalog was put beside these files: going on would give its
 * offsets again.
 */
async function refuseOlderCatalog(
  { brokerIncarnation = Infinity }: RecoveryInput,
  named: readonly NamedObject[],
): Promise<void> {
  for (const { incarnation, known, found } of named) {
    if (found === undefined) continue
    const behind = await headerAt(found.slot.file, pagesFor(known.position + known.length))
    if (typeof behind === 'string' || behind.header.fileIncarnation !== incarnation) continue
    const { incarnation: life } = behind.header.id
    if (life < brokerIncarnation) continue
    throw new Failure(
      'fenced',
      `${found.slot.path} holds a group of broker incarnation ${life}, but ` +
        `the catalog gave ${brokerIncarnation} just now: the catalog is older than the journal; ` +
        'put catalog, journal and objects of the same moment together',
    )
  }
}

/** The files of what the catalog names; each is taken from `unclaimed`. */
async function matchNamed(input: RecoveryInput, unclaimed: Set<FoundFile>): Promise<NamedObject[]> {
  const named: NamedObject[] = []
  const last = lastKnown(input.known)
  for (const objectId of input.liveObjects) {
    const incarnation = incarnationOf(objectId)
    if (incarnation === undefined) {
      throw new Failure('invalid', `the catalog names a journal object ${objectId}: no such id`)
    }
    const known = last.get(objectId)
    if (known === undefined) continue // no group of it ever committed: its file is a spare
    const found = await findFile(unclaimed, incarnation, known)
    if (found !== undefined) unclaimed.delete(found)
    named.push({ incarnation, known, found })
  }
  return named
}

function resumable({ slot, faults }: JournalObject): boolean {
  return slot?.writable === true && faults.length === 0
}

/** Of each object the group that stands last. */
function lastKnown(known: readonly KnownGroup[]): Map<string, KnownGroup> {
  const last = new Map<string, KnownGroup>()
  for (const group of known) {
    const before = last.get(group.objectId)
    if (before === undefined || before.position < group.position) last.set(group.objectId, group)
  }
  return last
}

async function inspect({ disk, folder }: RecoveryInput, entry: FolderEntry): Promise<FoundFile> {
  const path = `${folder}/${entry.name}`
  const file = await disk.open(path, 'write')
  const slot = { file, path, sizeBytes: entry.size, writable: !entry.name.includes('-ended') }
  const found = await headerAt(slot.file, 0)
  if (found === 'unreadable') slot.writable = false
  return { slot, first: typeof found === 'string' ? found : found.header }
}

function refuseForeign(input: RecoveryInput, { path }: FileSlot, first: FoundFile['first']): void {
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
    const found = await headerAt(file.slot.file, known.position)
    if (typeof found !== 'string' && found.header.fileIncarnation === incarnation) return file
  }
  return undefined
}

async function recoverObject(
  log: Log,
  { incarnation, known, found }: NamedObject,
  newest: boolean,
): Promise<JournalObject> {
  const end = pagesFor(known.position + known.length)
  const slot = found?.slot
  const proven = slot ? await proveGroup(slot, incarnation, known, newest) : 'its file is missing'
  if (typeof proven !== 'string') return new JournalObject(incarnation, slot, end, proven.checksum)
  const object = new JournalObject(incarnation, slot, end)
  const fault = object.isolate(known.position, known.length, proven)
  log.error({ ...fault, path: slot?.path }, 'a committed group is damaged: reads of it are refused')
  return object
}

/**
 * The header of a group that the catalog names, or what is wrong with it. Its batches are proven
 * where a torn write would be, in the newest object; those of others were read since, and are
 * proven again by whoever reads them.
 */
export async function proveGroup(
  slot: Pick<FileSlot, 'file'>,
  incarnation: number,
  known: KnownGroup,
  newest: boolean,
): Promise<ProvenHeader | string> {
  const found = await headerAt(slot.file, known.position)
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
  const damage = newest ? await damageOf(slot, header, known.position + headerBytes) : undefined
  return damage ?? found
}

async function damageOf(
  slot: Pick<FileSlot, 'file'>,
  header: GroupHeader,
  bytesPosition: number,
): Promise<string | undefined> {
  if (header.byteLength > verifiedBytesMax) return undefined
  const bytes = Buffer.allocUnsafeSlow(header.byteLength)
  try {
    const got = await slot.file.read(bytes, bytesPosition)
    if (got < bytes.length) return `its file ends after ${got} of ${bytes.length} bytes`
    forEachBatch(bytes, (at) => checkBatchCrc(bytes, at))
    return undefined
  } catch (error) {
    return error instanceof Failure ? error.message : String(error)
  }
}
