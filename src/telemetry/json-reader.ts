/**
 * Reads JSON (RFC 8259) token by token from bytes. Building objects first would take ten times the
 * body's memory, and numbers above 2^53, which times in nanoseconds are, would lose their last
 * digits.
 */

/** Not JSON, or not what was asked for. Never leaves this folder: it becomes a 400. */
export class BadJson extends Error {
  override readonly name = 'BadJson'
  readonly at: number

  constructor(at: number, reason: string) {
    super(reason)
    this.at = at
  }
}

/**
 * Arrays and objects in each other inside a value that is not known; known ones are bounded by
 * their reader.
 */
const skippedDepthMax = 200

const keyBytesMax = 64

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'true' | 'false' | 'null'

const quote = 0x22
const backslash = 0x5c

export class JsonReader {
  readonly #bytes: Buffer
  at = 0

  /** `bytes` are known to be valid UTF-8. */
  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** What the next value is, judged by its first byte, without taking it. */
  kind(): JsonKind {
    const byte = this.#peek()
    if (byte === quote) return 'string'
    if (byte === 0x7b) return 'object'
    if (byte === 0x5b) return 'array'
    if (byte === 0x74) return 'true'
    if (byte === 0x66) return 'false'
    if (byte === 0x6e) return 'null'
    if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) return 'number'
    throw this.unexpected('a value')
  }

  /** Calls `member` once per member, which must take its value. */
  object(member: (key: string) => void): void {
    this.#take(0x7b, "'{'")
    if (this.#takeIf(0x7d)) return
    do {
      if (this.#peek() !== quote) throw this.unexpected('a key')
      // No known key is longer, and an unknown one shall not cost memory.
      const key = this.string().subarray(0, keyBytesMax).toString('utf8')
      this.#take(0x3a, "':'")
      member(key)
    } while (this.#takeIf(0x2c))
    this.#take(0x7d, "',' or '}'")
  }

  /** Calls `element` once per element, which must take it. */
  array(element: (index: number) => void): void {
    this.#take(0x5b, "'['")
    if (this.#takeIf(0x5d)) return
    let index = 0
    do element(index++)
    while (this.#takeIf(0x2c))
    this.#take(0x5d, "',' or ']'")
  }

  /** The UTF-8 of a string; a view of the input where nothing is escaped. */
  string(): Buffer {
    this.#take(quote, 'a string')
    const start = this.at
    const bytes = this.#bytes
    let isEscaped = false
    for (;;) {
      const byte = bytes[this.at]
      if (byte === quote) break
      if (byte === undefined) throw new BadJson(start - 1, 'a string without an end')
      if (byte < 0x20) throw new BadJson(this.at, 'a control character in a string must be escaped')
      if (byte === backslash) {
        isEscaped = true
        this.at++
      }
      this.at++
    }
    const end = this.at++
    if (!isEscaped) return bytes.subarray(start, end)
    try {
      return Buffer.from(JSON.parse(bytes.toString('utf8', start - 1, end + 1)) as string, 'utf8')
    } catch {
      throw new BadJson(start - 1, 'a string with an escape that JSON does not know')
    }
  }

  /** The characters of a number. */
  number(): string {
    this.#peek()
    const start = this.at
    this.#stepOverNumber()
    return this.#bytes.toString('latin1', start, this.at)
  }

  literal(word: 'true' | 'false' | 'null'): void {
    this.#peek()
    const end = this.at + word.length
    if (this.#bytes.toString('latin1', this.at, end) !== word) throw this.unexpected(`'${word}'`)
    this.at = end
  }

  /** Takes one value, whatever it is. */
  skip(depth = 0): void {
    if (depth > skippedDepthMax) {
      throw new BadJson(this.at, `nested deeper than ${skippedDepthMax} arrays and objects`)
    }
    const kind = this.kind()
    if (kind === 'object') this.object(() => this.skip(depth + 1))
    else if (kind === 'array') this.array(() => this.skip(depth + 1))
    else if (kind === 'string') this.string()
    else if (kind === 'number') this.#stepOverNumber()
    else this.literal(kind)
  }

  /** Only white space may follow. */
  end(): void {
    this.#space()
    if (this.at < this.#bytes.length) throw this.unexpected('the end')
  }

  unexpected(expected: string): BadJson {
    this.#space()
    const byte = this.#bytes[this.at]
    if (byte === undefined)
      return new BadJson(this.at, `the JSON ends where ${expected} is expected`)
    const found = byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}'` : `byte ${byte}`
    return new BadJson(this.at, `${found} where ${expected} is expected`)
  }

  /** Sign, whole part without leading zeros, fraction, exponent. */
  #stepOverNumber(): void {
    const bytes = this.#bytes
    if (bytes[this.at] === 0x2d) this.at++
    if (bytes[this.at] === 0x30) this.at++
    else this.#digits()
    if (bytes[this.at] === 0x2e) {
      this.at++
      this.#digits()
    }
    if (bytes[this.at] === 0x65 || bytes[this.at] === 0x45) {
      this.at++
      if (bytes[this.at] === 0x2b || bytes[this.at] === 0x2d) this.at++
      this.#digits()
    }
    if (isDigit(bytes[this.at])) throw this.unexpected('the end of a number')
  }

  #digits(): void {
    if (!isDigit(this.#bytes[this.at])) throw this.unexpected('a digit')
    while (isDigit(this.#bytes[this.at])) this.at++
  }

  #take(byte: number, expected: string): void {
    if (!this.#takeIf(byte)) throw this.unexpected(expected)
  }

  #takeIf(byte: number): boolean {
    this.#space()
    if (this.#bytes[this.at] !== byte) return false
    this.at++
    return true
  }

  #peek(): number {
    this.#space()
    return this.#bytes[this.at] ?? 0
  }

  #space(): void {
    for (;;) {
      const byte = this.#bytes[this.at]
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return
      this.at++
    }
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}
