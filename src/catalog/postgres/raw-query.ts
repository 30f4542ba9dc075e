/**
 * A statement of the driver whose answer is handed on as it came: texts, in the order of columns.
 * The driver's own query copies its options and describes every row anew; with some hundred
 * commits a second of ten statements each that was a tenth of a broker's time.
 */
import pg from 'pg'

/** What came back. */
export interface RawAnswer {
  /** The command tag: `SELECT 3`, `INSERT 0 1`, `COMMIT`. */
  readonly tag: string
  readonly rows: readonly (readonly (string | null)[])[]
}

type Answered = (error: Error | null | undefined, answer?: RawAnswer) => void

/** Methods named `handle…` stand in the place of the driver's, which calls them as messages come. */
export class RawQuery extends pg.Query {
  readonly name: string | undefined
  readonly values: readonly (string | Buffer)[] | undefined
  readonly callback: Answered
  readonly #rows: (readonly (string | null)[])[] = []
  #tag = ''

  /**
   * @param name Prepared on the session under it; undefined: not at all.
   * @param values Undefined: a statement without parameters, sent as it is.
   */
  constructor(
    text: string,
    name: string | undefined,
    values: readonly (string | Buffer)[] | undefined,
    answered: Answered,
  ) {
    super(text)
    this.name = name
    this.values = values
    this.callback = answered
  }

  handleRowDescription(): void {
    // Who asks knows the columns.
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    this.#rows.push(fields)
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#tag = text
  }

  handleReadyForQuery(): void {
    this.callback(null, { tag: this.#tag, rows: this.#rows })
  }
}
