/** ListConfigResources: by type. What other cases made is left out. */
import { listConfigResources } from '../../../src/wire/messages/74-list-config-resources.ts'
import { casesOf, within } from '../scenario.ts'
import type { RunOf, WireCase } from '../scenario.ts'

const topicType = 2

/** A topic of our own; those of others come and go. */
const listed =
  (resourceTypes: number[]): RunOf<typeof listConfigResources> =>
  async (trial) => {
    await trial.topic('t')
    const answer = await trial.tell(listConfigResources, trial.version, { resourceTypes })
    const configResources = answer.configResources.filter(
      ({ resourceType, resourceName }) =>
        (resourceType !== topicType && resourceType !== 32) ||
        resourceName.startsWith(trial.name('')),
    )
    trial.remember('own', { kind: 'response', value: { ...answer, configResources } })
  }

export const listConfigResourcesCases: WireCase[] = casesOf(listConfigResources, {
  'client metrics': within(0, 0, (trial) => trial.try({})),
  'all types': within(1, 99, listed([])),
  topics: within(1, 99, listed([2])),
  brokers: within(1, 99, listed([4])),
  'topics and brokers': within(1, 99, listed([2, 4])),
  groups: within(1, 99, listed([32])),
  loggers: within(1, 99, listed([8])),
  'a type that is none': within(1, 99, listed([77])),
})
