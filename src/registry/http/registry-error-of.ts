/** What clients are told of an error, wherever it was thrown. */
import { isFailure } from '../../base/errors.ts'
import { RegistryError, registryErrors } from '../registry-error.ts'

/** Undefined: a fault of ours. */
export function registryErrorOf(error: unknown): RegistryError | undefined {
  if (error instanceof RegistryError) return error
  if (!isFailure(error)) return undefined
  const isStore = error.kind !== 'invalid' && error.kind !== 'conflict'
  return isStore ? registryErrors.store(`${error.message}: try again`) : undefined
}
