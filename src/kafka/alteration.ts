/** One change of a config, as AlterConfigs and IncrementalAlterConfigs ask for it. */

/** Kafka's numbers (KIP-339). */
export const operations = { set: 0, delete: 1, append: 2, subtract: 3 } as const

export interface Alteration {
  readonly name: string
  readonly operation: number
  readonly value: string | null
}
