/** Keys that clients encrypt fields with: Confluent's DEK registry. */
import type { RegistryDekRow, RegistryKekRow } from '../../catalog/schema-keys.ts'
import {
  algorithmOf,
  createDek,
  deleteDeks,
  type DekName,
  listDekSubjects,
  listDekVersions,
  readDek,
  undeleteDeks,
} from '../keys/deks.ts'
import { createKek, deleteKek, listKeks, readKek, undeleteKek, updateKek } from '../keys/keks.ts'
import { registryErrors } from '../registry-error.ts'
import { unaliasedForKeys } from '../lookups.ts'
import { inContext, parseSubject, qualified } from '../subject-name.ts'
import { versionChoiceOf } from '../subject-version.ts'
import { dekRequestOf, kekRequestOf, kekUpdateOf } from './key-bodies.ts'
import type { Call, Route } from './route.ts'

const root = '/dek-registry/v1/keks'
const kekPath = `${root}/:name`
const dekPath = `${kekPath}/deks/:subject`
const versionPath = `${dekPath}/versions/:version`

function kekAnswer(row: RegistryKekRow): object {
  const { kekName: name, kmsType, kmsKeyId, doc, deleted, changedMs: ts } = row
  const kmsProps = JSON.parse(row.kmsProps) as object
  return {
    ...{ name, kmsType, kmsKeyId },
    ...(Object.keys(kmsProps).length === 0 ? {} : { kmsProps }),
    ...(doc === null ? {} : { doc }),
    ...{ shared: false, ts },
    ...(deleted === 1 ? { deleted: true } : {}),
  }
}

function dekAnswer(row: RegistryDekRow): object {
  const { kekName, subject, version, algorithm, encryptedKey, deleted, changedMs: ts } = row
  return {
    ...{ kekName, subject, version, algorithm, encryptedKeyMaterial: encryptedKey, ts },
    ...(deleted === 1 ? { deleted: true } : {}),
  }
}

const isDeleted = (call: Call): boolean => call.flag('deleted') ?? false
const isPermanent = (call: Call): boolean => call.flag('permanent') ?? false
const choiceIn = (call: Call): ReturnType<typeof versionChoiceOf> =>
  versionChoiceOf(call.name('version'))

/** @throws RegistryError 42271 */
function subjectOf(call: Call, text: string): string {
  if (text === '') throw registryErrors.invalidKey('subject', 'it is empty')
  return qualified(parseSubject(inContext(call.context, text)))
}

/** Of the subject of the path, or of the one that its config names in its place. */
async function keySubject(call: Call): Promise<string> {
  const asked = parseSubject(subjectOf(call, call.name('subject')))
  return qualified(await call.registry.look((tx) => unaliasedForKeys(tx, asked)))
}

/** @throws RegistryError 42271 */
async function dekIn(call: Call): Promise<DekName> {
  const algorithm = algorithmOf(call.text('algorithm'))
  return { kekName: call.name('name'), subject: await keySubject(call), algorithm }
}

/** @param isInPath the subject is in the path, and not in the body */
async function created(call: Call, isInPath: boolean): Promise<object> {
  const { algorithm, subject: own = '', ...request } = dekRequestOf(call.body)
  const subject = isInPath ? await keySubject(call) : subjectOf(call, own)
  const name = { kekName: call.name('name'), subject, algorithm }
  const rewrap = call.flag('rewrap') ?? false
  const { database } = call.registry
  return dekAnswer(await createDek(database, name, { ...request, rewrap }, call.registry.nowMs()))
}

const kekRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: root,
    summary: 'Names of KEKs',
    query: ['subjectPrefix', 'deleted', 'offset', 'limit'],
    answer: async (call) => {
      const given = call.all('subjectPrefix')
      const asked = given.length === 0 && call.context !== undefined ? [''] : given
      const prefixes = asked.map((prefix) => inContext(call.context, prefix))
      return call.page(await call.registry.look((tx) => listKeks(tx, prefixes, isDeleted(call))))
    },
  },
  {
    method: 'POST',
    path: root,
    summary: 'Makes a KEK',
    answer: async (call) => {
      const request = kekRequestOf(call.body)
      return kekAnswer(await createKek(call.registry.database, request, call.registry.nowMs()))
    },
  },
  {
    method: 'GET',
    path: kekPath,
    summary: 'A KEK',
    query: ['deleted'],
    answer: async (call) =>
      kekAnswer(await call.registry.look((tx) => readKek(tx, call.name('name'), isDeleted(call)))),
  },
  {
    method: 'PUT',
    path: kekPath,
    summary: 'Changes what may change: properties and documentation',
    answer: async (call) => {
      const update = kekUpdateOf(call.body)
      const { database } = call.registry
      return kekAnswer(await updateKek(database, call.name('name'), update, call.registry.nowMs()))
    },
  },
  {
    method: 'DELETE',
    path: kekPath,
    summary: 'Deletes a KEK that has no data keys',
    query: ['permanent'],
    answer: (call) => {
      const { database } = call.registry
      return deleteKek(database, call.name('name'), isPermanent(call), call.registry.nowMs())
    },
  },
  {
    method: 'POST',
    path: `${kekPath}/undelete`,
    summary: 'Brings a KEK back',
    answer: (call) => undeleteKek(call.registry.database, call.name('name'), call.registry.nowMs()),
  },
  {
    method: 'POST',
    path: `${kekPath}/test`,
    summary: 'Always refused: the registry asks no key management service',
    answer: async (call) => {
      await call.registry.look((tx) => readKek(tx, call.name('name'), false))
      throw registryErrors.invalidKey(
        'shared',
        'only keys that the registry shares can be tested by it, and it shares none',
      )
    },
  },
]

const dekRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: `${kekPath}/deks`,
    summary: 'Subjects that have data keys',
    query: ['deleted', 'offset', 'limit'],
    answer: async (call) => {
      const name = call.name('name')
      return call.page(await call.registry.look((tx) => listDekSubjects(tx, name, isDeleted(call))))
    },
  },
  {
    method: 'POST',
    path: `${kekPath}/deks`,
    summary: 'Makes a data key; the body names the subject',
    query: ['rewrap'],
    answer: (call) => created(call, false),
  },
  {
    method: 'POST',
    path: dekPath,
    summary: 'Makes a data key',
    query: ['rewrap'],
    answer: (call) => created(call, true),
  },
  {
    method: 'GET',
    path: dekPath,
    summary: 'Its first version',
    query: ['algorithm', 'deleted'],
    answer: async (call) => {
      const name = await dekIn(call)
      return dekAnswer(await call.registry.look((tx) => readDek(tx, name, 1, isDeleted(call))))
    },
  },
  {
    method: 'DELETE',
    path: dekPath,
    summary: 'Deletes all versions',
    query: ['algorithm', 'permanent'],
    answer: async (call) => {
      const { database } = call.registry
      const name = await dekIn(call)
      return deleteDeks(database, name, 'all', isPermanent(call), call.registry.nowMs())
    },
  },
  {
    method: 'POST',
    path: `${dekPath}/undelete`,
    summary: 'Brings all versions back',
    query: ['algorithm'],
    answer: async (call) =>
      undeleteDeks(call.registry.database, await dekIn(call), 'all', call.registry.nowMs()),
  },
]

const dekVersionRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: `${dekPath}/versions`,
    summary: 'Numbers of versions',
    query: ['algorithm', 'deleted', 'offset', 'limit'],
    answer: async (call) => {
      const name = await dekIn(call)
      return call.page(await call.registry.look((tx) => listDekVersions(tx, name, isDeleted(call))))
    },
  },
  {
    method: 'GET',
    path: versionPath,
    summary: 'A version; `latest` and -1 are the latest',
    query: ['algorithm', 'deleted'],
    answer: async (call) => {
      const [name, choice] = [await dekIn(call), choiceIn(call)]
      return dekAnswer(await call.registry.look((tx) => readDek(tx, name, choice, isDeleted(call))))
    },
  },
  {
    method: 'DELETE',
    path: versionPath,
    summary: 'Deletes a version',
    query: ['algorithm', 'permanent'],
    answer: async (call) => {
      const { database } = call.registry
      const [name, choice] = [await dekIn(call), choiceIn(call)]
      return deleteDeks(database, name, choice, isPermanent(call), call.registry.nowMs())
    },
  },
  {
    method: 'POST',
    path: `${versionPath}/undelete`,
    summary: 'Brings a version back',
    query: ['algorithm'],
    answer: async (call) => {
      const { database } = call.registry
      return undeleteDeks(database, await dekIn(call), choiceIn(call), call.registry.nowMs())
    },
  },
]

export const keyRoutes: readonly Route[] = [...kekRoutes, ...dekRoutes, ...dekVersionRoutes]
