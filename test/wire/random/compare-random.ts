/**
 * The model test: random sequences of transactional requests, the same to Apache Kafka and to
 * Karst, one after another, and what is left of them. The first answer that differs ends a
 * sequence: what comes behind it says nothing.
 */
import { seededRandom } from '../../support/seeded-random.ts'
import { compareTranscripts, type Difference, type Step } from '../compare.ts'
import { Scenario } from '../scenario.ts'
import { planOf, type PlannedStep } from './plan.ts'
import { RandomProducers } from './producers.ts'

export interface RandomRun {
  readonly seed: number
  readonly exchanges: number
  /** Where it began to differ, and what was asked before. */
  readonly differences: readonly Difference[]
  readonly asked: readonly string[]
}

/** @throws Error where a broker could not be asked */
export async function runRandom(
  seed: number,
  addresses: { readonly kafka: string; readonly karst: string },
): Promise<RandomRun> {
  const plan = planOf(seededRandom(seed))
  const tag = `r${seed}-${Date.now().toString(36)}-`
  const [kafka, karst] = await Promise.all([
    transcriptOf(addresses.kafka, plan, tag),
    transcriptOf(addresses.karst, plan, tag),
  ])
  for (let at = 0; at < Math.max(kafka.length, karst.length); at++) {
    const differences = compareTranscripts(kafka.slice(at, at + 1), karst.slice(at, at + 1))
    if (differences.length === 0) continue
    const asked = kafka.slice(0, at + 1).map(({ what, answer }) => {
      return `${what} -> ${JSON.stringify(answer)}`
    })
    return { seed, exchanges: kafka.length, differences, asked }
  }
  return { seed, exchanges: kafka.length, differences: [], asked: [] }
}

async function transcriptOf(
  bootstrap: string,
  plan: readonly PlannedStep[],
  tag: string,
): Promise<readonly Step[]> {
  const scenario = new Scenario(bootstrap, tag)
  try {
    const producers = await RandomProducers.ready(scenario)
    for (const step of plan) await producers.carryOut(step)
    await producers.look()
    return scenario.steps
  } finally {
    scenario.close()
  }
}
