/** What may name an object: words that are safe in every store, as a path, a URL and a file name. */
import { Failure } from '../base/errors.ts'

/** Below the 255 bytes that file systems allow a name, with room for what a temporary one adds. */
export const objectKeyBytesMax = 200

const pattern = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/

/**
 * @throws Failure 'invalid': a key that a store might refuse, escape, or take for a path of its
 *   own.
 */
export function checkObjectKey(key: string): void {
  if (key.length <= objectKeyBytesMax && pattern.test(key)) return
  throw new Failure(
    'invalid',
    `object key ${JSON.stringify(key.slice(0, objectKeyBytesMax))} must have ` +
      `1 to ${objectKeyBytesMax} letters, digits, ".", "_", "-", ` +
      'in words separated by "/" that do not begin with "."',
  )
}
