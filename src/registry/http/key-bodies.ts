/** What clients send of keys. */
import { algorithmOf, type DekAlgorithm, type DekRequest } from '../keys/deks.ts'
import type { KekRequest, KekUpdate } from '../keys/keks.ts'
import { flag, integer, mapOf, objectOf, optional, text } from './shape.ts'

const kekBody = objectOf({
  name: optional(text),
  kmsType: optional(text),
  kmsKeyId: optional(text),
  kmsProps: optional(mapOf(text)),
  doc: optional(text),
  shared: optional(flag),
  deleted: optional(flag),
})

/** What is missing is empty, and refused by who knows what it is. @throws RegistryError 422 */
export function kekRequestOf(body: unknown): KekRequest {
  const { doc, ...rest } = kekBody(body, '')
  const { name = '', kmsType = '', kmsKeyId = '', kmsProps = {}, shared, deleted } = rest
  return {
    ...{ name, kmsType, kmsKeyId, kmsProps, shared: shared ?? false, deleted: deleted ?? false },
    ...(doc === undefined ? {} : { doc }),
  }
}

/** @throws RegistryError 422 */
export function kekUpdateOf(body: unknown): KekUpdate {
  const { kmsProps, doc, shared } = kekBody(body, '')
  const given = body as object
  const isGiven = (name: string): boolean => Object.hasOwn(given, name)
  return {
    ...(isGiven('kmsProps') ? { kmsProps: kmsProps ?? null } : {}),
    ...(isGiven('doc') ? { doc: doc ?? null } : {}),
    ...(isGiven('shared') ? { shared: shared ?? null } : {}),
  }
}

const dekBody = objectOf({
  subject: optional(text),
  version: optional(integer),
  algorithm: optional(text),
  encryptedKeyMaterial: optional(text),
  deleted: optional(flag),
})

interface DekBody extends Omit<DekRequest, 'rewrap'> {
  readonly subject: string | undefined
  readonly algorithm: DekAlgorithm
}

/** @throws RegistryError 422, 42271 */
export function dekRequestOf(body: unknown): DekBody {
  const { subject, version = 1, algorithm, encryptedKeyMaterial, deleted } = dekBody(body, '')
  return {
    ...{ subject, version, algorithm: algorithmOf(algorithm) },
    ...{ encryptedKeyMaterial, deleted: deleted ?? false },
  }
}
