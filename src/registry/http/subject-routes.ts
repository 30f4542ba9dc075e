/** Subjects and their versions: registered, found, listed, compared, deleted. */
import { latestWithMetadata, listSubjects, listVersions } from '../lookups.ts'
import { registryErrors } from '../registry-error.ts'
import { versionChoiceOf } from '../subject-version.ts'
import { anyContext, qualified } from '../subject-name.ts'
import { compatibilityAnswer, versionAnswer } from './answers.ts'
import { schemaRequestOf, taggingOf } from './bodies.ts'
import type { Call, Route } from './route.ts'
import { assertNotations, optionsOf, textOf } from './schema-routes.ts'

function versionIn(call: Call): ReturnType<Call['registry']['version']> {
  const choice = versionChoiceOf(call.name('version'))
  return call.registry.version(call.subject, choice, call.flag('deleted') ?? false)
}

const isPermanent = (call: Call): boolean => call.flag('permanent') ?? false

export const subjectRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/subjects',
    summary: 'Names of subjects',
    query: ['subjectPrefix', 'deleted', 'deletedOnly', 'offset', 'limit'],
    answer: async (call) => {
      const prefix = call.prefix(anyContext)
      const found = await call.registry.look((tx) => listSubjects(tx, prefix, call.which))
      return call.page(found.map((name) => qualified(name)))
    },
  },
  {
    method: 'POST',
    path: '/subjects/:subject',
    summary: 'The version that has the schema of the body',
    query: ['normalize', 'format', 'referenceFormat', 'findTags', 'deleted', 'deletedOnly'],
    answer: async (call) => {
      const request = schemaRequestOf(call.body, call.flag('normalize'))
      const found = await call.registry.find(call.subject, request, call.which)
      return versionAnswer(found, await optionsOf(call, found, request))
    },
  },
  {
    method: 'DELETE',
    path: '/subjects/:subject',
    summary: 'Deletes all versions, and what is set for the subject',
    query: ['permanent'],
    answer: (call) => call.registry.deleteSubject(call.subject, isPermanent(call)),
  },
  {
    method: 'GET',
    path: '/subjects/:subject/metadata',
    summary: 'The latest version with these metadata properties',
    query: ['key', 'value', 'format', 'referenceFormat', 'findTags', 'deleted', 'deletedOnly'],
    answer: async (call) => {
      const [keys, values] = [call.all('key'), call.all('value')]
      if (keys.length !== values.length) {
        throw registryErrors.invalidRequest('as many ?key= as ?value= are needed')
      }
      const wanted = new Map(keys.map((key, at) => [key, values[at] as string]))
      const found = await call.registry.look((tx) =>
        latestWithMetadata(tx, call.subject, wanted, call.which),
      )
      return versionAnswer(found, await optionsOf(call, found))
    },
  },
  {
    method: 'GET',
    path: '/subjects/:subject/versions',
    summary: 'Numbers of versions',
    query: ['deleted', 'deletedOnly', 'deletedAsNegative', 'offset', 'limit'],
    answer: async (call) => {
      const found = await call.registry.look((tx) => listVersions(tx, call.subject, call.which))
      const isNegative = call.flag('deletedAsNegative') ?? false
      return call
        .page(found)
        .map(({ version, isDeleted }) => (isNegative && isDeleted ? -version : version))
    },
  },
  {
    method: 'POST',
    path: '/subjects/:subject/versions',
    summary: 'Registers a schema; the same one again has the same version',
    query: ['normalize', 'force', 'format', 'referenceFormat', 'findTags'],
    answer: async (call) => {
      assertNotations(call)
      const asked = schemaRequestOf(call.body, call.flag('normalize'), true)
      const request = { ...asked, isForced: call.flag('force') ?? false }
      const registered = await call.registry.register(call.subject, request)
      return versionAnswer(registered, await optionsOf(call, registered, request))
    },
  },
  {
    method: 'GET',
    path: '/subjects/:subject/versions/:version',
    summary: 'A version; `latest` and -1 are the latest',
    query: ['deleted', 'format', 'referenceFormat', 'findTags'],
    answer: async (call) => {
      const found = await versionIn(call)
      return versionAnswer(found, await optionsOf(call, found))
    },
  },
  {
    method: 'GET',
    path: '/subjects/:subject/versions/:version/schema',
    summary: 'Only its text',
    query: ['deleted', 'format'],
    answer: async (call) => textOf(call, await versionIn(call)),
  },
  {
    method: 'GET',
    path: '/subjects/:subject/versions/:version/referencedby',
    summary: 'Ids of the schemas that refer to it',
    query: ['offset', 'limit'],
    answer: async (call) =>
      call.page(
        await call.registry.referencedBy(call.subject, versionChoiceOf(call.name('version'))),
      ),
  },
  {
    method: 'POST',
    path: '/subjects/:subject/versions/:version/tags',
    summary: 'Registers a version that differs in tags, metadata and rules',
    query: ['format', 'referenceFormat', 'findTags'],
    answer: async (call) => {
      const choice = versionChoiceOf(call.name('version'))
      assertNotations(call)
      const tagged = await call.registry.tag(call.subject, choice, taggingOf(call.body))
      return versionAnswer(tagged, await optionsOf(call, tagged))
    },
  },
  {
    method: 'DELETE',
    path: '/subjects/:subject/versions/:version',
    summary: 'Deletes a version',
    query: ['permanent'],
    answer: (call) => {
      const choice = versionChoiceOf(call.name('version'))
      return call.registry.deleteVersion(call.subject, choice, isPermanent(call))
    },
  },
  {
    method: 'POST',
    path: '/compatibility/subjects/:subject/versions/:version',
    summary: 'Holds a schema against a version',
    query: ['normalize', 'verbose'],
    answer: async (call) => {
      const request = schemaRequestOf(call.body, call.flag('normalize'))
      const choice = versionChoiceOf(call.name('version'))
      const found = await call.registry.compatibility(call.subject, choice, request)
      return compatibilityAnswer(found, call.flag('verbose') ?? false)
    },
  },
  {
    method: 'POST',
    path: '/compatibility/subjects/:subject/versions',
    summary: 'Holds a schema against those that the level asks for',
    query: ['normalize', 'verbose'],
    answer: async (call) => {
      const request = schemaRequestOf(call.body, call.flag('normalize'))
      const found = await call.registry.compatibility(call.subject, undefined, request)
      return compatibilityAnswer(found, call.flag('verbose') ?? false)
    },
  },
]
