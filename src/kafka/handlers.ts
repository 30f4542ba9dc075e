/** All APIs that are served, in one table: what is in it is what ApiVersions tells. */
import type { Broker } from './broker.ts'
import { produceHandler } from './handlers/00-produce.ts'
import { fetchHandler } from './handlers/01-fetch.ts'
import { listOffsetsHandler } from './handlers/02-list-offsets.ts'
import { metadataHandler } from './handlers/03-metadata.ts'
import { apiVersionsHandler } from './handlers/18-api-versions.ts'
import { initProducerIdHandler } from './handlers/22-init-producer-id.ts'
import type { Handler } from './router.ts'

/** One handler per API, by key. */
export function kafkaHandlers(broker: Broker): Handler[] {
  const handlers: Handler[] = [
    produceHandler(broker),
    fetchHandler(broker),
    listOffsetsHandler(broker),
    metadataHandler(broker),
    apiVersionsHandler(() => handlers.map(({ api }) => api)),
    initProducerIdHandler(broker),
  ]
  return handlers
}
