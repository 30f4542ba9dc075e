/** Contracts over HTTP, beside the registry: planned, applied, listed, remembered. */
import type { ContractRevisionRow } from '../../catalog/schema-contracts.ts'
import type { Call, Route } from '../../registry/http/route.ts'
import { integer, mapOf, objectOf, optional, text } from '../../registry/http/shape.ts'
import type { Contracts, GivenContract } from '../contracts.ts'
import { told } from './told.ts'

const givenBody = objectOf({
  text,
  files: optional(mapOf(text)),
  approvedBy: optional(text),
})

const rollbackBody = objectOf({ revision: integer, approvedBy: optional(text) })

function givenIn({ body }: Call): GivenContract {
  const { text: contractText, files = {}, approvedBy } = givenBody(body, '')
  const given = { text: contractText, files }
  return approvedBy === undefined ? given : { ...given, approvedBy }
}

/** Texts stand in the catalog as JSON. */
function revisionAnswer(row: ContractRevisionRow): object {
  const { files, boundaries, ...rest } = row
  return {
    ...rest,
    files: JSON.parse(files) as object,
    boundaries: JSON.parse(boundaries) as object,
  }
}

/** @param open loaded with the first request: most brokers get none. */
export function contractRoutes(open: () => Promise<Contracts>): Route[] {
  return [
    {
      method: 'POST',
      path: '/contracts',
      summary: 'Applies a contract',
      answer: async (call) => told((await open()).apply(givenIn(call))),
    },
    {
      method: 'POST',
      path: '/contracts/plan',
      summary: 'What applying would change',
      answer: async (call) => told((await open()).plan(givenIn(call))),
    },
    {
      method: 'GET',
      path: '/contracts/shadow-topics',
      summary: 'Topics that are under no contract',
      answer: async () => (await open()).shadowTopics(),
    },
    {
      method: 'GET',
      path: '/contracts/:contract',
      summary: 'A revision of a contract',
      query: ['revision'],
      answer: async (call) => {
        const revision = call.integer('revision')
        return revisionAnswer(await told((await open()).revision(call.name('contract'), revision)))
      },
    },
    {
      method: 'GET',
      path: '/contracts/:contract/drift',
      summary: 'Where the cluster is not as the contract in force says',
      answer: async (call) => told((await open()).drift(call.name('contract'))),
    },
    {
      method: 'GET',
      path: '/contracts/:contract/history',
      summary: 'Its revisions',
      answer: async (call) => {
        const rows = await told((await open()).history(call.name('contract')))
        return rows.map(({ revision, version, appliedMs, approvedBy }) => {
          return { revision, version, appliedMs, approvedBy }
        })
      },
    },
    {
      method: 'POST',
      path: '/contracts/:contract/rollback',
      summary: 'Applies an earlier revision anew',
      answer: async (call) => {
        const { revision, approvedBy } = rollbackBody(call.body, '')
        return told((await open()).rollback(call.name('contract'), revision, approvedBy))
      },
    },
  ]
}
