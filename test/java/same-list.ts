/** Long lists compared: what differs first is told, not two lists of thousands. */
import assert from 'node:assert/strict'

export function sameList<T>(actual: readonly T[], expected: readonly T[], what: string): void {
  const text = (item: T | undefined) => JSON.stringify(item)
  const end = Math.max(actual.length, expected.length)
  for (let at = 0; at < end; at++) {
    if (text(actual[at]) === text(expected[at])) continue
    const counts = `${actual.length} in place of ${expected.length}`
    const first = `${text(actual[at])} in place of ${text(expected[at])}`
    assert.fail(`${what}: ${counts}; the first that differs, at ${at}: ${first}`)
  }
}
