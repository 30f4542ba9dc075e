/** Cuts a .proto file into words, numbers, strings and signs. Comments are dropped. */
import { ProtoFault } from './proto-file.ts'

export interface ProtoToken {
  readonly kind: 'word' | 'number' | 'string' | 'sign' | 'end'
  /** Strings with their quotes, always double. */
  readonly text: string
  readonly line: number
}

const blank = /(?:\s+|\/\/[^\n]*|\/\*[^]*?\*\/)+/y
const word = String.raw`([A-Za-z_]\w*)`
const exponent = String.raw`(?:[eE][+-]?\d+)?`
const number = String.raw`((?:0[xX][\da-fA-F]+|\d+\.?\d*${exponent}|\.\d+${exponent})[fF]?)`
const string = String.raw`("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')`
const sign = String.raw`([{}[\]()<>=;,.:+/-])`
const token = new RegExp([word, number, string, sign].join('|'), 'y')

export class ProtoTokens {
  readonly #text: string
  #at = 0
  #line = 1
  #next: ProtoToken

  constructor(text: string) {
    this.#text = text
    this.#next = this.#read()
  }

  get next(): ProtoToken {
    return this.#next
  }

  take(): ProtoToken {
    const taken = this.#next
    this.#next = this.#read()
    return taken
  }

  /** Takes the token if it is this sign or word. */
  skip(text: string): boolean {
    if (this.#next.text !== text || this.#next.kind === 'string') return false
    this.take()
    return true
  }

  expect(text: string): void {
    if (!this.skip(text)) this.fail(`expected ${JSON.stringify(text)}`)
  }

  word(what: string): string {
    if (this.#next.kind !== 'word') this.fail(`expected ${what}`)
    return this.take().text
  }

  /** Dotted, perhaps with a dot before. */
  name(what: string): string {
    let name = this.skip('.') ? '.' : ''
    name += this.word(what)
    while (this.skip('.')) name += `.${this.word(what)}`
    return name
  }

  /** Neighbouring strings are one. */
  string(what: string): string {
    if (this.#next.kind !== 'string') this.fail(`expected ${what} in quotes`)
    let text = this.take().text
    while (this.#next.kind === 'string') text = text.slice(0, -1) + this.take().text.slice(1)
    return text
  }

  integer(what: string): number {
    const sign = this.skip('-') ? -1 : 1
    const { text, kind } = this.#next
    const value = /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text)
    if (kind !== 'number' || !Number.isSafeInteger(value))
      this.fail(`expected ${what}, a whole number`)
    this.take()
    return sign * value
  }

  fail(message: string): never {
    const { kind, text, line } = this.#next
    throw new ProtoFault(
      line,
      `${message}, and found ${kind === 'end' ? 'the end' : text.slice(0, 40)}`,
    )
  }

  #read(): ProtoToken {
    blank.lastIndex = this.#at
    const skipped = blank.exec(this.#text)?.[0] ?? ''
    this.#at += skipped.length
    for (const char of skipped) if (char === '\n') this.#line++
    if (this.#at >= this.#text.length) return { kind: 'end', text: '', line: this.#line }
    token.lastIndex = this.#at
    const match = token.exec(this.#text)
    if (match === null)
      throw new ProtoFault(
        this.#line,
        `unexpected ${JSON.stringify(this.#text.slice(this.#at, this.#at + 10))}`,
      )
    this.#at += match[0].length
    const [text, word, number, string] = match
    if (word !== undefined) return { kind: 'word', text, line: this.#line }
    if (number !== undefined) return { kind: 'number', text, line: this.#line }
    if (string !== undefined) return { kind: 'string', text: doubleQuoted(text), line: this.#line }
    return { kind: 'sign', text, line: this.#line }
  }
}

const doubleQuoted = (text: string): string =>
  text.startsWith("'")
    ? `"${text.slice(1, -1).replaceAll("\\'", "'").replaceAll('"', '\\"')}"`
    : text

/** What stands in quotes, for paths and names, which have no escapes. */
export const unquoted = (text: string): string => text.slice(1, -1)
