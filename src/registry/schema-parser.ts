/** Who reads and compares schemas: one parser of a broker, and one of each request. */
import { ParsedSchemas } from './judge/parsed-schemas.ts'
import { RequestParser } from './judge/request-parser.ts'
import { inlineJudge, type SchemaJudge } from './judge/schema-job.ts'
import type { SchemaFormat, SchemaType } from './schema/schema-format.ts'

/** Read when the first schema of its language comes: they are large, and most need one. */
export type SchemaFormats = Readonly<Partial<Record<SchemaType, () => Promise<SchemaFormat>>>>

export class SchemaParser {
  readonly #formats: SchemaFormats
  readonly #judge: SchemaJudge
  readonly #parsed = new ParsedSchemas()

  /** @param judge works on what is too large to be done at once. */
  constructor(formats: SchemaFormats, judge: SchemaJudge = inlineJudge(formats)) {
    this.#formats = formats
    this.#judge = judge
  }

  get types(): SchemaType[] {
    return Object.keys(this.#formats) as SchemaType[]
  }

  /** Runs `body` with a parser for one request; see RequestParser.run. */
  run<Result>(body: (parser: RequestParser) => Promise<Result>): Promise<Result> {
    const parser = new RequestParser(this.#formats, this.#parsed)
    return parser.run(
      (job) => this.#judge.answer(job),
      () => body(parser),
    )
  }
}
