/**
 * What DescribeConfigs shows of a config: the value that counts, and every place it could come
 * from.
 */

/**
 * First the one that counts most: the resource itself, this broker or all brokers at run time
 * (KIP-226).
 */
export type ConfigSource = 'own' | 'dynamic-broker' | 'dynamic-default' | 'static' | 'default'

export interface ConfigSynonym {
  readonly name: string
  readonly text: string
  readonly source: ConfigSource
}

/** Values of a broker from one place, by the broker's names; only what was set there. */
export interface BrokerLayer {
  readonly source: 'dynamic-broker' | 'dynamic-default' | 'static'
  readonly values: Readonly<Record<string, string>>
}

/** What the broker says for all topics and groups, the strongest place first. */
export type BrokerLayers = readonly BrokerLayer[]

/** A name of the broker that stands for the same, in a coarser unit: hours for milliseconds. */
export interface CoarserName {
  readonly name: string
  /** One of it in the unit of the finer name. */
  readonly factor: number
}

export interface Inherited extends ConfigSynonym {
  /** As it was given, in the unit of `name`; `text` is in the finer unit. */
  readonly given: string
}

/** Every layer that speaks of a config, strongest first, by its names from fine to coarse. */
export function inheritedFrom(
  layers: BrokerLayers,
  name: string,
  coarser: readonly CoarserName[] = [],
): Inherited[] {
  const names = [{ name, factor: 1 }, ...coarser]
  return layers.flatMap(({ source, values }) =>
    names.flatMap((each) => {
      const given = values[each.name]
      if (given === undefined) return []
      return [{ name: each.name, given, text: scaled(given, each.factor), source }]
    }),
  )
}

/** -1 stays -1: it is no amount. */
function scaled(text: string, factor: number): string {
  if (factor === 1 || Number(text) < 0) return text
  return String(BigInt(text) * BigInt(factor))
}
