/** A PayloadValidator around whatever reads a payload of one schema and throws where it cannot. */
import { payloadBytesMax, PayloadFault } from './payload-limits.ts'
import type { PayloadValidator, PayloadValue } from './schema-format.ts'

/**
 * @param read the value of the payload. Throws PayloadFault where it is not of the schema; a stack
 *   that overflows is a payload (or a schema) too deep, and nothing of it is left behind.
 * @param pass finds what `read` finds without making the value. Default: `read`.
 */
export function payloadValidator(
  read: (payload: Uint8Array) => unknown,
  unchecked: readonly string[] = [],
  pass: (payload: Uint8Array) => unknown = read,
): PayloadValidator {
  const by =
    (look: typeof read) =>
    (payload: Uint8Array): PayloadValue => {
      if (payload.length > payloadBytesMax) {
        const message =
          `the payload has ${payload.length} bytes, and ${payloadBytesMax} can be ` + 'checked'
        return { ok: false, at: '', message }
      }
      try {
        return { ok: true, value: look(payload) }
      } catch (error) {
        if (error instanceof PayloadFault)
          return { ok: false, at: error.at, message: error.message }
        if (error instanceof RangeError)
          return { ok: false, at: '', message: 'the payload nests deeper than can be checked' }
        throw error
      }
    }
  const passed = by(pass)
  const check: PayloadValidator['check'] = (payload) => {
    const outcome = passed(payload)
    return outcome.ok ? { ok: true } : outcome
  }
  return { unchecked, check, toValue: by(read) }
}
