/** Associations of subjects with topics: made, changed, found and ended, one by one or in batches. */
import type { ReadTransaction } from '../../catalog/database.ts'
import {
  type Association,
  associationsOfName,
  associationsOfResource,
  associationsOfSubject,
  isWantedAssociation,
  resourceType,
} from '../associations/association.ts'
import type { AssociationRequest } from '../associations/association-request.ts'
import type { AssociatedSubject } from '../associations/change-associations.ts'
import { deleteAssociations } from '../associations/delete-associations.ts'
import { registryErrors } from '../registry-error.ts'
import { readVersions } from '../registry-reads.ts'
import { qualified } from '../subject-name.ts'
import { withSchemas } from '../subject-version.ts'
import { associationAnswer, versionAnswer } from './answers.ts'
import {
  associationRequestOf,
  type AssociationStep,
  type BatchMutation,
  batchMutationsOf,
  type BatchQuestion,
  batchQuestionsOf,
} from './association-bodies.ts'
import { registryErrorOf } from './registry-error-of.ts'
import type { Call, Route } from './route.ts'

const resources = '/associations/resources'

type Finding = (tx: ReadTransaction) => Promise<Association[]>

async function listed(call: Call, find: Finding): Promise<object[]> {
  const filter = call.associations
  const found = (await call.registry.look(find)).filter((each) => isWantedAssociation(each, filter))
  return call.page(found.toSorted(byName)).map(associationAnswer)
}

/** By resource, type and subject. */
function byName(a: Association, b: Association): number {
  const keyOf = (of: Association): string =>
    [of.resourceName, of.resourceNamespace, of.associationType, qualified(of.subject)].join(
      '\u0000',
    )
  return keyOf(a) < keyOf(b) ? -1 : 1
}

/** Of `?context=`, or of the path. */
const contextIn = (call: Call): string | undefined => call.text('context') ?? call.context

async function changed(
  call: Call,
  request: AssociationRequest,
  isCreate: boolean,
): Promise<object> {
  const isDryRun = call.flag('dryRun') ?? false
  const associated = await call.registry.changeAssociations(request, { isCreate, isDryRun })
  return resourceAnswer(request, associated.map(withAnswer))
}

type ResourceName = Partial<
  Pick<BatchQuestion['resource'], 'resourceName' | 'resourceNamespace' | 'resourceId'>
>

function resourceAnswer(
  { resourceName, resourceNamespace, resourceId }: ResourceName,
  associated: readonly { readonly association: Association; readonly schema?: object }[],
): object {
  const associations = associated.map(({ association, schema }) => {
    const { associationType, lifecycle, subject } = association
    const versioned = schema === undefined ? {} : { schema }
    return { subject: qualified(subject), associationType, lifecycle, ...versioned }
  })
  const some = associations.length === 0 ? {} : { associations }
  return { resourceName, resourceNamespace, resourceId, resourceType, ...some }
}

const withAnswer = ({
  association,
  schema,
}: AssociatedSubject): { readonly association: Association; readonly schema?: object } => ({
  association,
  ...(schema === undefined ? {} : { schema: versionAnswer(schema) }),
})

/** One of a batch: what is wrong with it is its own. */
async function result(work: () => Promise<object>): Promise<object> {
  try {
    return { result: await work() }
  } catch (error) {
    const told = registryErrorOf(error)
    if (told === undefined) throw error
    return { error: { error_code: told.code, message: told.message } }
  }
}

async function mutated(call: Call, { resource, steps }: BatchMutation): Promise<object> {
  const isDryRun = call.flag('dryRun') ?? false
  const { resourceId = '' } = resource
  if (resourceId === '' && !isDryRun) {
    throw registryErrors.invalidAssociation('resourceId', 'cannot be null or empty')
  }
  const schemas = new Map<string, object>()
  const take = async (step: AssociationStep): Promise<void> => {
    if (step.kind === 'delete') {
      const { filter, cascades } = step
      await deleteAssociations(call.registry.database, { resourceId, filter, cascades, isDryRun })
      return
    }
    const change = { isCreate: step.kind === 'create', isDryRun }
    for (const { association, schema } of await call.registry.changeAssociations(
      step.request,
      change,
    )) {
      if (schema !== undefined) schemas.set(association.associationType, versionAnswer(schema))
    }
  }
  for (const step of steps()) await take(step)
  const now = isDryRun
    ? []
    : await call.registry.look((tx) => associationsOfResource(tx, resourceId))
  const associated = now.map((association) => {
    const schema = schemas.get(association.associationType)
    return { association, ...(schema === undefined ? {} : { schema }) }
  })
  return resourceAnswer(resource, associated)
}

async function answered(call: Call, { resource, filter }: BatchQuestion): Promise<object> {
  const wanted = filter()
  const includesSchemas = call.flag('includeSchemas') ?? false
  const { resourceId = '', resourceName = '', resourceNamespace = '' } = resource
  return call.registry.look(async (tx) => {
    const all =
      resourceId === ''
        ? await associationsOfName(tx, resourceNamespace, resourceName)
        : await associationsOfResource(tx, resourceId)
    const found = all.filter((each) => isWantedAssociation(each, wanted)).toSorted(byName)
    const associated = []
    for (const association of found) {
      const schema = includesSchemas ? await latestOf(tx, association) : undefined
      associated.push({ association, ...(schema === undefined ? {} : { schema }) })
    }
    return resourceAnswer({ ...found[0], ...resource }, associated)
  })
}

async function latestOf(
  tx: ReadTransaction,
  { subject }: Association,
): Promise<object | undefined> {
  const row = (await readVersions(tx, subject)).findLast(({ deleted }) => deleted === 0)
  const [version] = row === undefined ? [] : await withSchemas(tx, subject.context, [row])
  return version === undefined ? undefined : versionAnswer(version)
}

async function inTurn<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<object>,
): Promise<{ readonly results: readonly object[] }> {
  const results: object[] = []
  for (const item of items) results.push(await result(() => work(item)))
  return { results }
}

const questionRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/associations/subjects/:subject',
    summary: 'Associations of a subject',
    query: ['resourceType', 'associationType', 'lifecycle', 'offset', 'limit'],
    answer: (call) => listed(call, (tx) => associationsOfSubject(tx, call.subject)),
  },
  {
    method: 'GET',
    path: `${resources}/:resourceNamespace/:resourceName`,
    summary: 'Associations of a topic by name; `-` is any',
    query: ['resourceType', 'associationType', 'lifecycle', 'offset', 'limit'],
    answer: (call) => {
      const [namespace, name] = [call.name('resourceNamespace'), call.name('resourceName')]
      return listed(call, (tx) => associationsOfName(tx, namespace, name))
    },
  },
  {
    method: 'GET',
    path: `${resources}/:resourceId`,
    summary: 'Associations of a topic by id',
    query: ['resourceType', 'associationType', 'lifecycle', 'offset', 'limit'],
    answer: (call) => listed(call, (tx) => associationsOfResource(tx, call.name('resourceId'))),
  },
  {
    method: 'POST',
    path: '/associations:batchGet',
    summary: 'Several of these questions at once',
    query: ['includeSchemas'],
    status: 207,
    answer: (call) => inTurn(batchQuestionsOf(call.body), (each) => answered(call, each)),
  },
]

const changeRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/associations',
    summary: 'Associates subjects with a topic that comes to be',
    query: ['context', 'dryRun'],
    answer: (call) => changed(call, associationRequestOf(call.body, contextIn(call)), true),
  },
  {
    method: 'PUT',
    path: `${resources}/:resourceId`,
    summary: 'Associates subjects with a topic that is there, or changes it',
    query: ['context', 'dryRun'],
    answer: (call) => {
      const request = associationRequestOf(call.body, contextIn(call))
      const resourceId = call.name('resourceId')
      if ((request.resourceId ?? resourceId) !== resourceId) {
        throw registryErrors.invalidAssociation('resourceId', 'is not the one of the path')
      }
      return changed(call, { ...request, resourceId }, false)
    },
  },
  {
    method: 'DELETE',
    path: `${resources}/:resourceId`,
    summary: 'Ends associations',
    query: ['resourceType', 'associationType', 'lifecycle', 'cascadeLifecycle', 'dryRun'],
    answer: async (call) => {
      await deleteAssociations(call.registry.database, {
        resourceId: call.name('resourceId'),
        filter: call.associations,
        cascades: call.flag('cascadeLifecycle') ?? false,
        isDryRun: call.flag('dryRun') ?? false,
      })
    },
  },
  {
    method: 'POST',
    path: '/associations:batchMutate',
    summary: 'Several changes, each for itself',
    query: ['context', 'dryRun'],
    status: 207,
    answer: (call) =>
      inTurn(batchMutationsOf(call.body, contextIn(call)), (each) => mutated(call, each)),
  },
]

export const associationRoutes: readonly Route[] = [...questionRoutes, ...changeRoutes]
