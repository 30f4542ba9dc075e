/**
 * Ids of an xRegistry document. They have fewer characters and letters than names of contracts,
 * events and subjects, and differ by more than case: what does not fit gets one that does.
 */
import { crc32c } from '../../base/crc32c.ts'

const idMax = 128
const fitting = /^[A-Za-z0-9_][A-Za-z0-9._~:@-]{0,127}$/

/** Of the entities in one collection: each name has one id, and no two have the same. */
export class XregistryIds {
  readonly #byName = new Map<string, string>()
  readonly #taken = new Set<string>()

  of(name: string): string {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    const id = this.#free(name)
    this.#byName.set(name, id)
    this.#taken.add(id.toLowerCase())
    return id
  }

  #free(name: string): string {
    if (fitting.test(name) && !this.#taken.has(name.toLowerCase())) return name
    const plain = name.replace(/[^A-Za-z0-9._~:@-]/g, '_').replace(/^(?:[^A-Za-z0-9_]|$)/, '_')
    const sum = crc32c(Buffer.from(name)).toString(16).padStart(8, '0')
    for (let again = 0; ; again++) {
      const end = again === 0 ? `~${sum}` : `~${sum}~${again}`
      const id = `${plain.slice(0, idMax - end.length)}${end}`
      if (!this.#taken.has(id.toLowerCase())) return id
    }
  }
}
