/** `name=value`, as flags give it more than once. */
import { UsageError } from './usage-error.ts'

/** @throws UsageError no `=`, no name, or a name twice. */
export function keyValuesOf(flag: string, given: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const text of given) {
    const at = text.indexOf('=')
    if (at < 1) throw new UsageError(`${flag} ${text}: must be name=value`)
    const name = text.slice(0, at).trim()
    if (Object.hasOwn(found, name)) throw new UsageError(`${flag}: ${name} is given twice`)
    found[name] = text.slice(at + 1)
  }
  return found
}

/** @throws UsageError not a whole number from `min` to `max`. */
export function integerOf(
  flag: string,
  text: string,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  const value = Number(text)
  if (/^-?\d+$/.test(text) && value >= min && value <= max) return value
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`
  throw new UsageError(`${flag} ${text}: must be a whole number ${range}`)
}
