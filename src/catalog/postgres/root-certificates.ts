/** Reads the file of authorities that a catalog's URL names. */
import { readFile } from 'node:fs/promises'
import { Failure } from '../../base/errors.ts'

/** @throws Failure 'invalid': it cannot be read. */
export async function readRootCertificates(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new Failure('invalid', `the catalog's URL: sslrootcert: ${String(error)}`, error)
  }
}
