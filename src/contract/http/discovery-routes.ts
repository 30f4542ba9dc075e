/** What there is of contracts, over HTTP: listed, compared, exported for other catalogs. */
import { RegistryError } from '../../registry/registry-error.ts'
import type { Call, Route } from '../../registry/http/route.ts'
import type { Discovery, ExportQuestion } from '../discovery/discovery.ts'
import { told } from './told.ts'

const questionIn = (call: Call): ExportQuestion => {
  return { contractId: call.text('contract'), bootstrap: bootstrapIn(call) }
}

/** A host and a port, and nothing that is more of an address. @throws RegistryError 422 */
function bootstrapIn(call: Call): string | undefined {
  const given = call.text('bootstrap')
  if (given === undefined || /^[\w.[\]:-]{1,255}:\d{1,5}$/.test(given)) return given
  throw new RegistryError(422, `?bootstrap= must be HOST:PORT, not ${given}`)
}

/** @param open loaded with the first request: most brokers get none. */
export function discoveryRoutes(open: () => Promise<Discovery>): Route[] {
  return [
    {
      method: 'GET',
      path: '/contracts',
      summary: 'Contracts in force: owners, topics, classes, readers, lineage',
      query: ['topic', 'offset', 'limit'],
      answer: async (call) => call.page(await (await open()).list(call.text('topic'))),
    },
    {
      method: 'GET',
      path: '/contracts/names',
      summary: 'The same thing under different names',
      query: ['offset', 'limit'],
      answer: async (call) => call.page(await (await open()).names()),
    },
    {
      method: 'GET',
      path: '/contracts/schema',
      summary: 'The JSON Schema of a contract’s file',
      answer: fileSchema,
    },
    {
      method: 'GET',
      path: '/contracts/xregistry',
      summary: 'Contracts, topics and schemas as a document of xRegistry 1.0-rc4',
      query: ['contract', 'bootstrap'],
      answer: async (call) => told((await open()).xregistry(questionIn(call))),
    },
    {
      method: 'GET',
      path: '/contracts/openlineage',
      summary: 'Topics under contract as dataset events of OpenLineage',
      query: ['contract', 'bootstrap', 'offset', 'limit'],
      answer: async (call) => call.page(await told((await open()).openLineage(questionIn(call)))),
    },
  ]
}

/** Loaded when it is asked for: it knows what rules may be, and brokers start without that. */
async function fileSchema(): Promise<object> {
  const { contractFileSchema } = await import('../file-schema/contract-file-schema.ts')
  return contractFileSchema
}
