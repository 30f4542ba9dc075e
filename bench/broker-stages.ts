/**
 * Where the time of a produce goes inside a broker, on average, from the histograms of its
 * `/metrics`: between two readings.
 */

/** Sum and count of each histogram, by its name with labels. */
export type Readings = ReadonlyMap<string, { sum: number; count: number }>

export interface Stage {
  readonly name: string
  /** Of the histogram, with its labels. */
  readonly of: string
}

export const produceStages: readonly Stage[] = [
  { name: 'produce', of: 'karst_request_duration_seconds{api="Produce"}' },
  { name: 'journal write', of: 'karst_journal_write_seconds' },
  { name: 'put', of: 'karst_object_store_seconds{verb="put",priority="tail"}' },
  { name: 'commit', of: 'karst_catalog_transaction_seconds{name="commit-groups"}' },
  { name: 'commit low', of: 'karst_catalog_transaction_seconds{name="commit-low"}' },
]

/** @param address HOST:PORT of the broker's HTTP listener. */
export async function readStages(address: string): Promise<Readings> {
  const text = await (await globalThis.fetch(`http://${address}/metrics`)).text()
  const found = new Map<string, { sum: number; count: number }>()
  for (const line of text.split('\n')) {
    const [, name, what, labels = '', value] =
      /^(karst_\w+)_(sum|count)(\{.*\})? (\S+)$/.exec(line) ?? []
    if (name === undefined || (what !== 'sum' && what !== 'count')) continue
    const key = name + labels
    const reading = found.get(key) ?? { sum: 0, count: 0 }
    reading[what] = Number(value)
    found.set(key, reading)
  }
  return found
}

/** Mean of each stage that there was in milliseconds, and how often. */
export function stagesText(before: Readings, after: Readings): string {
  const none = { sum: 0, count: 0 }
  const means = produceStages.flatMap(({ name, of }) => {
    const [from, to] = [before.get(of) ?? none, after.get(of) ?? none]
    const count = to.count - from.count
    const ms = ((to.sum - from.sum) / count) * 1_000
    return count === 0 ? [] : [`${name} ${ms.toFixed(1)} (${count})`]
  })
  return means.join(', ')
}
