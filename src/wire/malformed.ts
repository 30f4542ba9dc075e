/**
 * What a codec throws inside this folder: it gathers the path of the field on its way out of the
 * structs.
 */

export class Malformed extends Error {
  override readonly name = 'Malformed'
  path = ''

  /** Called by each struct and array that the error passes, innermost first. */
  within(part: string | number): this {
    const dot = this.path === '' || this.path.startsWith('[') ? '' : '.'
    this.path = (typeof part === 'number' ? `[${part}]` : part) + dot + this.path
    return this
  }
}

/** `error`, knowing that it happened in `part`; anything but Malformed passes as it is. */
export function within(error: unknown, part: string | number): unknown {
  return error instanceof Malformed ? error.within(part) : error
}
