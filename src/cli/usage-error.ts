/** What was typed is not understood. Nothing was tried; the process ends with exit code 2. */

export class UsageError extends Error {
  override readonly name = 'UsageError'
}
