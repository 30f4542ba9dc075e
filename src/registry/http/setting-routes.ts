/** Config and mode of subjects, contexts and all; contexts; what the registry is. */
import {
  readConfig,
  readConfigInScope,
  readContexts,
  readMode,
  readModeInScope,
} from '../registry-reads.ts'
import { builtInMode, mergedConfig } from '../registry-config.ts'
import { registryErrors } from '../registry-error.ts'
import { deleteConfig, deleteMode, updateConfig, updateMode } from '../settings.ts'
import { qualified, splitContext, type SubjectName } from '../subject-name.ts'
import { configAnswer, configUpdateAnswer } from './answers.ts'
import { configOf, modeOfBody } from './bodies.ts'
import type { Call, Route } from './route.ts'

/** The release of Confluent's registry whose API this is: tools ask what they may use. */
const apiVersion = '8.4.0'

/** For all: `/config`, and `/config/` of a subject or a context. */
const both = (path: string, route: Omit<Route, 'path'>): Route[] => [
  { ...route, path },
  { ...route, path: `${path}/:subject` },
]

const isSubject = (call: Call): boolean => call.name('subject') !== ''

const toldOf = (place: SubjectName): string =>
  place.subject === '' ? `:${place.context}:` : qualified(place)

const settingRoutesOf = {
  config: [
    ...both('/config', {
      method: 'GET',
      summary: 'What is set; for a subject only what is set there',
      query: ['defaultToGlobal'],
      answer: async (call) => {
        const { place, registry } = call
        const isInScope = !isSubject(call) || call.flag('defaultToGlobal') === true
        if (isInScope)
          return configAnswer(await registry.look((tx) => readConfigInScope(tx, place)))
        const config = await registry.look((tx) => readConfig(tx, place))
        if (config === undefined) throw registryErrors.noSubjectConfig(toldOf(place))
        return configAnswer(config)
      },
    }),
    ...both('/config', {
      method: 'PUT',
      summary: 'Sets what the body names',
      answer: async (call) => {
        const update = configOf(call.body)
        await updateConfig(call.registry.database, call.place, update)
        return configUpdateAnswer(update)
      },
    }),
    ...both('/config', {
      method: 'DELETE',
      summary: 'Forgets what is set there',
      answer: async (call) => {
        const { place } = call
        const before = await deleteConfig(call.registry.database, place)
        if (before !== undefined) return configAnswer(before)
        if (isSubject(call)) throw registryErrors.subjectNotFound(toldOf(place))
        return configAnswer(mergedConfig([]))
      },
    }),
  ],
  mode: [
    ...both('/mode', {
      method: 'GET',
      summary: 'The mode; for a subject only what is set there',
      query: ['defaultToGlobal'],
      answer: async (call) => {
        const { place, registry } = call
        const isInScope = !isSubject(call) || call.flag('defaultToGlobal') === true
        if (isInScope) return { mode: await registry.look((tx) => readModeInScope(tx, place)) }
        const mode = await registry.look((tx) => readMode(tx, place))
        if (mode === undefined) throw registryErrors.noSubjectMode(toldOf(place))
        return { mode }
      },
    }),
    ...both('/mode', {
      method: 'PUT',
      summary: 'Sets the mode',
      query: ['force'],
      answer: async (call) => {
        const mode = modeOfBody(call.body)
        const isForced = call.flag('force') ?? false
        return { mode: await updateMode(call.registry.database, call.place, mode, isForced) }
      },
    }),
    ...both('/mode', {
      method: 'DELETE',
      summary: 'Forgets the mode that is set there',
      query: ['recursive'],
      answer: async (call) => {
        const { place } = call
        const isRecursive = call.flag('recursive') ?? false
        const before = await deleteMode(call.registry.database, place, isRecursive)
        if (before !== undefined) return { mode: before }
        if (isSubject(call)) throw registryErrors.subjectNotFound(toldOf(place))
        return { mode: builtInMode }
      },
    }),
  ],
}

export const settingRoutes: readonly Route[] = [
  ...settingRoutesOf.config,
  ...settingRoutesOf.mode,
  {
    method: 'GET',
    path: '/contexts',
    summary: 'Contexts that have subjects, and the default one',
    query: ['contextPrefix', 'offset', 'limit'],
    answer: async (call) => {
      const prefix = call.text('contextPrefix') ?? ''
      const contexts = await call.registry.look(readContexts)
      return call.page(contexts.filter((context) => context.startsWith(prefix)))
    },
  },
  {
    method: 'DELETE',
    path: '/contexts/:name',
    summary: 'Forgets what is set for a context that has no subjects',
    answer: async (call) => {
      const name = call.name('name')
      const { context } = splitContext(`:${name.startsWith('.') ? name : `.${name}`}:`)
      await call.registry.deleteContext(context)
    },
  },
  { method: 'GET', path: '/', summary: 'Nothing: the registry is there', answer: async () => ({}) },
  {
    method: 'POST',
    path: '/',
    summary: 'Nothing: the registry is there',
    answer: async () => ({}),
  },
  {
    method: 'GET',
    path: '/v1/metadata/id',
    summary: 'Ids of the cluster',
    answer: async ({ clusterId }) => {
      const clusters = { 'kafka-cluster': clusterId, 'schema-registry-cluster': clusterId }
      return { scope: { path: [], clusters } }
    },
  },
  {
    method: 'GET',
    path: '/v1/metadata/version',
    summary: 'The release of Confluent’s registry whose API this is',
    answer: async () => ({ version: apiVersion, commitId: '' }),
  },
  {
    method: 'GET',
    path: '/v1/metadata/deployment',
    summary: 'Attributes of the deployment; there are none',
    answer: async () => ({ attributes: [] }),
  },
]
