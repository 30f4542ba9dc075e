/**
 * Configs that are set while the broker runs (KIP-226 for brokers, KIP-848 for groups): stored in
 * the catalog, kept in memory, and told to whoever goes by them.
 */
import { isFailure } from '../base/errors.ts'
import type { BrokerLayers } from '../config/config-rows.ts'
import { noteChange } from './change-log.ts'
import type { CatalogDatabase, Transaction } from './database.ts'
import { catalogLimits } from './database.ts'
import { type ResourceConfigRow, resourceConfigs } from './schema-configs.ts'

export type ResourceKind = 'broker' | 'group'

/** A broker by its id, all brokers by ''; a group by its id. */
export interface Resource {
  readonly kind: ResourceKind
  readonly name: string
}

export type ConfigTexts = Readonly<Record<string, string>>

export interface LiveConfigsDeps {
  readonly database: CatalogDatabase
  readonly nodeId: number
  /** What was set when the broker started. */
  readonly startedWith: BrokerLayers[number]
}

const none: ConfigTexts = {}
/** A resource is read again so often after a lost answer. */
const rereadsMax = 5

export class LiveConfigs {
  readonly #deps: LiveConfigsDeps
  readonly #texts: Readonly<Record<ResourceKind, Map<string, ConfigTexts>>> = {
    broker: new Map(),
    group: new Map(),
  }
  readonly #told: (() => void)[] = []
  #layers: BrokerLayers | undefined

  constructor(deps: LiveConfigsDeps) {
    this.#deps = deps
  }

  /** Reads everything at start. @throws Failure 'unavailable' */
  async load(): Promise<void> {
    for (let after: readonly string[] | undefined; ;) {
      const range = { prefix: [], limit: catalogLimits.scanRowsMax }
      const page = await this.#deps.database.snapshot('read resource configs', (tx) =>
        tx.scan(resourceConfigs, after === undefined ? range : { ...range, after }),
      )
      for (const row of page) this.#remember(row.kind as ResourceKind, row.name, textsOf(row))
      const last = page.at(-1)
      if (last === undefined || page.length < range.limit) return
      after = [last.kind, last.name]
    }
  }

  /** Calls `hear` after every change of what brokers say. */
  onBrokerChange(hear: () => void): void {
    this.#told.push(hear)
  }

  /** What was set for exactly this resource. */
  own({ kind, name }: Resource): ConfigTexts {
    return this.#texts[kind].get(name) ?? none
  }

  /** Those that something is set for, by name. */
  names(kind: ResourceKind): string[] {
    return [...this.#texts[kind].keys()].toSorted((a, b) => (a < b ? -1 : 1))
  }

  /** Everything that this broker was told, the strongest first: itself, all brokers, its start. */
  layers(): BrokerLayers {
    const { nodeId, startedWith } = this.#deps
    this.#layers ??= [
      { source: 'dynamic-broker', values: this.own({ kind: 'broker', name: String(nodeId) }) },
      { source: 'dynamic-default', values: this.own({ kind: 'broker', name: '' }) },
      startedWith,
    ]
    return this.#layers
  }

  /** A number of the broker as it is now; `standard` where nobody set it at run time. */
  integer(name: string, standard: number): number {
    const text = this.text(name)
    return text === undefined ? standard : Number(text)
  }

  /** What was set for the broker at run time; undefined where nobody did. */
  text(name: string): string | undefined {
    for (const { source, values } of this.layers()) {
      const text = values[name]
      if (text !== undefined && source !== 'static') return text
    }
    return undefined
  }

  /**
   * `change` gets what is set when it counts, and gives what is set from then on, checked.
   *
   * @throws Failure 'unavailable' | 'unknown-outcome': ask again.
   */
  async change(resource: Resource, change: (texts: ConfigTexts) => ConfigTexts): Promise<void> {
    const { database } = this.#deps
    try {
      const texts = await database.transaction('change resource configs', async (tx) => {
        const changed = change(await lockTexts(tx, resource))
        await writeTexts(tx, resource, changed)
        await noteChange(tx, { kind: 'config', names: [[resource.kind, resource.name]] })
        return changed
      })
      this.#learn(resource, texts)
    } catch (error) {
      if (isFailure(error, 'unknown-outcome')) await this.#settle(resource)
      throw error
    }
  }

  /** A change whose answer was lost may have been made: this memory must not be behind it for good. */
  async #settle(resource: Resource): Promise<void> {
    for (let attempt = 1; attempt <= rereadsMax; attempt++) {
      try {
        const texts = await this.#deps.database.transaction(
          'settle resource configs',
          async (tx) => {
            const settled = await lockTexts(tx, resource)
            await writeTexts(tx, resource, settled)
            return settled
          },
        )
        this.#learn(resource, texts)
        return
      } catch (error) {
        if (!isFailure(error)) throw error
      }
    }
  }

  /** Another broker changed what is set for it: this memory must not be behind. */
  async reread(resource: Resource): Promise<void> {
    const { kind, name } = resource
    const [row] = await this.#deps.database.snapshot('read resource config', (tx) =>
      tx.get(resourceConfigs, [[kind, name]]),
    )
    this.#learn(resource, row === undefined ? none : textsOf(row))
  }

  #learn({ kind, name }: Resource, texts: ConfigTexts): void {
    this.#remember(kind, name, texts)
    if (kind === 'broker') for (const hear of this.#told) hear()
  }

  #remember(kind: ResourceKind, name: string, texts: ConfigTexts): void {
    if (Object.keys(texts).length === 0) this.#texts[kind].delete(name)
    else this.#texts[kind].set(name, texts)
    this.#layers = undefined
  }
}

const textsOf = ({ configs }: ResourceConfigRow): ConfigTexts => JSON.parse(configs) as ConfigTexts

/** The row is there afterwards, and held: inserting waits for whoever else inserts it. */
async function lockTexts(tx: Transaction, { kind, name }: Resource): Promise<ConfigTexts> {
  await tx.insert(resourceConfigs, [{ kind, name, configs: '{}' }])
  const [row] = await tx.lock(resourceConfigs, [[kind, name]], 'exclusive')
  return row === undefined ? none : textsOf(row)
}

async function writeTexts(
  tx: Transaction,
  { kind, name }: Resource,
  texts: ConfigTexts,
): Promise<void> {
  if (Object.keys(texts).length === 0) await tx.delete(resourceConfigs, [[kind, name]])
  else await tx.put(resourceConfigs, [{ kind, name, configs: JSON.stringify(texts) }])
}
