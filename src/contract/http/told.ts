/** Failures of contracts as the registry's clients are told them. */
import { isFailure } from '../../base/errors.ts'
import { RegistryError } from '../../registry/registry-error.ts'

/** What is not there is 404, what cannot be asked for 422. */
export async function told<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    if (isFailure(error, 'not-found')) throw new RegistryError(404, error.message)
    if (isFailure(error, 'invalid')) throw new RegistryError(422, error.message)
    throw error
  }
}
