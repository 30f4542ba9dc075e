/** Reads files out of a zip or jar: enough for what compilers and Maven write (no zip64). */
import { readFileSync } from 'node:fs'
import { inflateRawSync } from 'node:zlib'

const endSignature = 0x06054b50
const entrySignature = 0x02014b50
const endSizeMin = 22 // bytes of an end record without a comment
const stored = 0
const deflated = 8

/** The entries whose name is wanted, by name, inflated. */
export function zipEntries(
  path: string,
  wanted: (name: string) => boolean,
): ReadonlyMap<string, Buffer> {
  const zip = readFileSync(path)
  const found = new Map<string, Buffer>()
  const end = endOfDirectory(zip)
  const count = zip.readUInt16LE(end + 10)
  let at = zip.readUInt32LE(end + 16)
  for (let i = 0; i < count; i++) {
    if (zip.readUInt32LE(at) !== entrySignature) throw new Error(`${path}: no entry at ${at}`)
    const [nameSize, extraSize, commentSize] = [28, 30, 32].map((by) => zip.readUInt16LE(at + by))
    const nameEnd = at + 46 + (nameSize ?? 0)
    const name = zip.toString('utf8', at + 46, nameEnd)
    if (wanted(name)) found.set(name, contentOf(zip, at))
    at = nameEnd + (extraSize ?? 0) + (commentSize ?? 0)
  }
  return found
}

function endOfDirectory(zip: Buffer): number {
  for (let at = zip.length - endSizeMin; at >= 0; at--) {
    if (zip.readUInt32LE(at) === endSignature) return at
  }
  throw new Error('not a zip: it has no end of a directory')
}

/** Sizes are taken from the directory: the head before the content may lack them. */
function contentOf(zip: Buffer, entry: number): Buffer {
  const method = zip.readUInt16LE(entry + 10)
  const size = zip.readUInt32LE(entry + 20)
  const head = zip.readUInt32LE(entry + 42)
  const from = head + 30 + zip.readUInt16LE(head + 26) + zip.readUInt16LE(head + 28)
  const content = zip.subarray(from, from + size)
  if (method === stored) return content
  if (method === deflated) return inflateRawSync(content)
  throw new Error(`zip: method ${method} is not known`)
}
