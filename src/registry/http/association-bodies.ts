/** What clients send of associations. */
import type { AssociationFilter } from '../associations/association.ts'
import {
  type AssociationRequest,
  assertResourceType,
  associationTypeOf,
  type AssociationWish,
  lifecycleOf,
} from '../associations/association-request.ts'
import { registryErrors } from '../registry-error.ts'
import { inContext, parseSubject } from '../subject-name.ts'
import { schemaRequestOf } from './bodies.ts'
import { flag, listOf, listOrNone, objectOf, oneOf, optional, type Shape, text } from './shape.ts'

/** Of one batch; each is a transaction of its own. */
const batchRequestsMax = 1_000

const anything: Shape<unknown> = (value) => value

export interface ResourceBody {
  readonly resourceName: string | undefined
  readonly resourceNamespace: string | undefined
  readonly resourceId: string | undefined
  readonly resourceType: string | undefined
}

const resource = {
  resourceName: optional(text),
  resourceNamespace: optional(text),
  resourceId: optional(text),
  resourceType: optional(text),
}

const wish = {
  subject: optional(text),
  associationType: optional(text),
  lifecycle: optional(text),
  frozen: optional(flag),
  schema: optional(anything),
  normalize: optional(flag),
}
type WishBody = ReturnType<ReturnType<typeof objectOf<typeof wish>>>

const changeBody = objectOf({ ...resource, associations: listOrNone(objectOf(wish)) })

/** @throws RegistryError 422, 42201, 42208, 42212 */
export function associationRequestOf(
  body: unknown,
  context: string | undefined,
): AssociationRequest {
  const { associations, ...of } = changeBody(body, '')
  return requestOf(of, associations, context)
}

function requestOf(
  { resourceName = '', resourceNamespace = '', resourceId, resourceType }: ResourceBody,
  wishes: readonly WishBody[],
  context: string | undefined,
): AssociationRequest {
  assertResourceType(resourceType)
  const associations = wishes.map((each) => wishOf(each, context))
  return { resourceName, resourceNamespace, resourceId, associations }
}

function wishOf(body: WishBody, context: string | undefined): AssociationWish {
  const { subject, associationType, lifecycle, frozen, schema, normalize } = body
  return {
    subject: subject === undefined ? undefined : parseSubject(inContext(context, subject)),
    associationType: associationTypeOf(associationType),
    lifecycle: lifecycle === undefined ? undefined : lifecycleOf(lifecycle),
    frozen,
    schema: schema === undefined ? undefined : schemaRequestOf(schema, normalize),
  }
}

/** Adjacent ones of a kind are applied at once, and stand or fall together. */
export type AssociationStep =
  | { readonly kind: 'create' | 'upsert'; readonly request: AssociationRequest }
  | { readonly kind: 'delete'; readonly filter: AssociationFilter; readonly cascades: boolean }

export interface BatchMutation {
  readonly resource: ResourceBody
  /** @throws RegistryError 422, 42201, 42208, 42212 */
  readonly steps: () => AssociationStep[]
}

const opBody = objectOf({
  ...wish,
  opType: oneOf('CREATE', 'UPSERT', 'DELETE'),
  cascadeLifecycle: optional(flag),
})

const mutationBody = objectOf({ ...resource, associations: listOrNone(opBody) })
const batchBody = objectOf({ requests: listOrNone(anything) })

/** What is wrong with one of them is told when its turn comes. @throws RegistryError 422, 42212 */
export function batchMutationsOf(body: unknown, context: string | undefined): BatchMutation[] {
  return requestsOf(body).map((each, at) => {
    const { associations, ...of } = mutationBody(each, `requests[${at}]`)
    return { resource: of, steps: () => stepsOf(of, associations, context) }
  })
}

function requestsOf(body: unknown): unknown[] {
  const { requests } = batchBody(body, '')
  if (requests.length > 0 && requests.length <= batchRequestsMax) return requests
  throw registryErrors.invalidAssociation('requests', `takes 1 to ${batchRequestsMax}`)
}

function stepsOf(
  of: ResourceBody,
  ops: readonly ReturnType<typeof opBody>[],
  context: string | undefined,
): AssociationStep[] {
  if (ops.length === 0) {
    throw registryErrors.invalidAssociation('associations', 'cannot be null or empty')
  }
  const steps: AssociationStep[] = []
  for (let at = 0; at < ops.length;) {
    const first = ops[at] as ReturnType<typeof opBody>
    if (first.opType === 'DELETE') {
      const associationTypes = [associationTypeOf(first.associationType)]
      const cascades = first.cascadeLifecycle ?? false
      steps.push({ kind: 'delete', filter: { associationTypes }, cascades })
      at++
      continue
    }
    const rest = ops.slice(at)
    const end = rest.findIndex(({ opType }) => opType !== first.opType)
    const run = end === -1 ? rest : rest.slice(0, end)
    const kind = first.opType === 'CREATE' ? 'create' : 'upsert'
    steps.push({ kind, request: requestOf(of, run, context) })
    at += run.length
  }
  return steps
}

const questionBody = objectOf({
  ...resource,
  associationTypes: optional(listOf(text)),
  lifecycle: optional(text),
})

export interface BatchQuestion {
  readonly resource: ResourceBody
  /** @throws RegistryError 42212 */
  readonly filter: () => AssociationFilter
}

/** @throws RegistryError 422, 42212 */
export function batchQuestionsOf(body: unknown): BatchQuestion[] {
  return requestsOf(body).map((each, at) => {
    const { associationTypes = [], lifecycle, ...of } = questionBody(each, `requests[${at}]`)
    const filter = (): AssociationFilter => {
      assertQuestion(of)
      return {
        associationTypes,
        ...(of.resourceType === undefined ? {} : { resourceType: of.resourceType }),
        ...(lifecycle === undefined ? {} : { lifecycle: lifecycleOf(lifecycle) }),
      }
    }
    return { resource: of, filter }
  })
}

function assertQuestion({ resourceId, resourceName, resourceNamespace }: ResourceBody): void {
  if ((resourceId ?? '') === '' && (resourceName ?? '') === '') {
    throw registryErrors.invalidAssociation('resourceId', 'give it, or resourceName')
  }
  if ((resourceName ?? '') !== '' && (resourceNamespace ?? '') === '') {
    throw registryErrors.invalidAssociation('resourceNamespace', 'resourceName needs it')
  }
}
