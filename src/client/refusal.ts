/** What a broker answered in place of what was asked, as a failure that says what to do. */
import { Failure } from '../base/errors.ts'
import { errorInfos } from '../wire/error-codes.ts'

/** `unavailable` where Kafka calls the error retriable, else `invalid`. */
export class Refusal extends Failure {
  /** Kafka's error code. */
  readonly code: number

  constructor(code: number, message: string) {
    super(errorInfos.get(code)?.retriable === true ? 'unavailable' : 'invalid', message)
    this.code = code
  }
}

/** `what` was refused: the broker's own words where it has some, else what the code means. */
export function refusalOf(what: string, code: number, told: string | null = null): Refusal {
  const info = errorInfos.get(code)
  const name = info?.name ?? `error ${code}`
  const why = told === null || told === '' ? (info?.description ?? 'an unknown error') : told
  return new Refusal(code, `${what}: ${why.replace(/\.$/, '')} (${name})`)
}

/** @throws Refusal where `code` is one. */
export function expectNone(what: string, code: number, told: string | null = null): void {
  if (code !== 0) throw refusalOf(what, code, told)
}

export function isRefusal(error: unknown, ...codes: readonly number[]): boolean {
  return error instanceof Refusal && (codes.length === 0 || codes.includes(error.code))
}
