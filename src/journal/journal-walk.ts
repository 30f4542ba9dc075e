/**
 * Groups found in a journal file without the catalog: to open it, and for the doctor when the
 * catalog is lost.
 */
import { isFailure } from '../base/errors.ts'
import type { DiskFile } from '../disk/disk.ts'
import type { GroupHeader, NoHeader } from './group-header.ts'
import { claimedHeaderBytes, decodeGroupHeader, headerBytesOf } from './group-header.ts'
import { pageBytes, pagesFor } from './journal-object.ts'

export interface ProvenHeader {
  readonly header: GroupHeader
  readonly checksum: number
}

/** The group header at `position`, proven to have been written there. */
export async function headerAt(
  file: DiskFile,
  position: number,
): Promise<ProvenHeader | NoHeader | 'unreadable'> {
  try {
    const decoded = decodeGroupHeader(await headerBytesAt(file, position))
    if (typeof decoded === 'string') return decoded
    return decoded.header.position === position ? decoded : 'not a group'
  } catch (error) {
    if (isFailure(error, 'unavailable')) return 'unreadable' // one bad sector keeps no broker down
    throw error
  }
}

async function headerBytesAt(file: DiskFile, position: number): Promise<Uint8Array> {
  const page = Buffer.alloc(pageBytes)
  await file.read(page, position)
  const claimed = claimedHeaderBytes(page)
  if (claimed === undefined || claimed <= pageBytes) return page
  const whole = Buffer.alloc(claimed)
  await file.read(whole, position)
  return whole
}

/**
 * The headers of the groups of one use of a file, in the order they were written, from its
 * beginning to where no further one is proven to follow. Their batches are proven by their own
 * checksums only. Whether a group counts, the catalog alone knows: the last ones may have been
 * refused.
 */
export async function* walkGroups(file: DiskFile): AsyncGenerator<GroupHeader, void, undefined> {
  let found = await headerAt(file, 0)
  if (typeof found === 'string') return
  const { fileIncarnation } = found.header
  let previous = 0
  while (typeof found !== 'string') {
    const { header, checksum }: ProvenHeader = found
    const follows = header.fileIncarnation === fileIncarnation
    if (!follows || header.previousChecksum !== previous) return
    yield header
    previous = checksum
    const length = headerBytesOf(header.runs.length) + header.byteLength
    found = await headerAt(file, header.position + pagesFor(length))
  }
}
