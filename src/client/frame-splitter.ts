/** Cuts what a broker sends into frames; a large frame is put together once, from its chunks. */
import { readInt32 } from '../base/big-endian.ts'
import { Failure } from '../base/errors.ts'

/** Far above fetch.max.bytes of any client, and what is no Kafka broker (HTTP) is found at once. */
const frameBytesMax = 512 * 1024 * 1024
const sizeBytes = 4
/** The correlation id. */
const frameBytesMin = 4

export class FrameSplitter {
  #chunks: Uint8Array[] = []
  #byteLength = 0
  /** Bytes of the frame under way, its size included; undefined where that has not come yet. */
  #wanted: number | undefined

  /**
   * The frames that `bytes` completes, without their sizes, as views of memory that is not reused.
   *
   * @throws Failure 'corrupt': an impossible size; nothing that follows can be trusted.
   */
  split(bytes: Uint8Array): Uint8Array[] {
    this.#chunks.push(bytes)
    this.#byteLength += bytes.length
    const frames: Uint8Array[] = []
    while (this.#byteLength >= (this.#wanted ?? sizeBytes)) {
      const all = this.#joined()
      if (this.#wanted === undefined) {
        this.#wanted = sizeBytes + sizeOf(all)
        continue
      }
      frames.push(all.subarray(sizeBytes, this.#wanted))
      this.#chunks = [all.subarray(this.#wanted)]
      this.#byteLength -= this.#wanted
      this.#wanted = undefined
    }
    return frames
  }

  #joined(): Uint8Array {
    const [first] = this.#chunks
    if (this.#chunks.length === 1 && first !== undefined) return first
    const all = Buffer.concat(this.#chunks)
    this.#chunks = [all]
    return all
  }
}

function sizeOf(bytes: Uint8Array): number {
  const size = readInt32(bytes, 0)
  if (size >= frameBytesMin && size <= frameBytesMax) return size
  throw new Failure('corrupt', `an answer of ${size} bytes: is this a Kafka broker?`)
}
