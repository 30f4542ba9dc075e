/** Where groups lie: in a bucket and the catalog, or in the journal of one machine. */
import type { CatalogReader } from '../catalog/database.ts'
import { groupOfObject, isInline } from '../catalog/group-objects.ts'
import { readInline } from '../catalog/inline-data.ts'
import type { CommitLogRow } from '../catalog/schema.ts'
import type { JournalFiles } from '../journal/journal-files.ts'
import type { KnownGroup } from '../journal/journal.ts'
import {
  claimedObjectHeaderBytes,
  decodeObjectHeader,
  objectHeaderFixedBytes,
} from '../journal/object-header.ts'
import { objectKey } from '../log/stored-runs.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import type { GroupSource } from './patient.ts'

/** One read has the header of most groups: a thousand runs and as many decisions. */
const headReadBytes = 64 * 1024

export class FleetGroups implements GroupSource {
  readonly #catalog: CatalogReader
  readonly #objects: ObjectStore
  readonly #clusterId: string

  constructor(catalog: CatalogReader, objects: ObjectStore, clusterId: string) {
    this.#catalog = catalog
    this.#objects = objects
    this.#clusterId = clusterId
  }

  async prove(row: CommitLogRow): Promise<string | undefined> {
    const { objectId, length, incarnation, groupNumber } = row
    if (isInline(objectId)) return undefined
    let head = await this.read(row, 0, Math.min(length, headReadBytes))
    const claimed = claimedObjectHeaderBytes(head) ?? objectHeaderFixedBytes
    if (claimed > length) return 'its header claims more bytes than it has'
    if (claimed > head.length) head = await this.read(row, 0, claimed)
    const header = decodeObjectHeader(head)
    if (typeof header === 'string') return `its header is damaged: ${header}`
    const owner = Buffer.from(header.clusterId).toString('base64url')
    if (owner !== this.#clusterId) return `it is of cluster ${owner}`
    const { id } = header
    const isIt = id.incarnation === incarnation && id.groupNumber === groupNumber
    if (!isIt || groupOfObject(objectId) === undefined) {
      return `group ${id.incarnation}/${id.groupNumber} stands in its place`
    }
    return claimed + header.byteLength === length ? undefined : 'its header tells another length'
  }

  async read(row: CommitLogRow, position: number, length: number): Promise<Uint8Array> {
    const { objectId } = row
    if (!isInline(objectId)) {
      const call = { priority: 'background' } as const
      return this.#objects.read(objectKey(this.#clusterId, objectId), position, length, call)
    }
    const bytes = await readInline(this.#catalog, objectId)
    return bytes.subarray(position, position + length)
  }
}

const knownAs = (row: CommitLogRow): KnownGroup => {
  const { objectId, position, length, incarnation, groupNumber } = row
  return { objectId, position, length, id: { incarnation, groupNumber } }
}

export class EmbeddedGroups implements GroupSource {
  readonly #files: JournalFiles

  constructor(files: JournalFiles) {
    this.#files = files
  }

  prove(row: CommitLogRow): Promise<string | undefined> {
    return this.#files.prove(knownAs(row))
  }

  read(row: CommitLogRow, position: number, length: number): Promise<Uint8Array> {
    return this.#files.read(knownAs(row), position, length)
  }
}
