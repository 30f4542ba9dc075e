/**
 * Every option of Karst, once: flags, environment, file, `karst config` and the reference read this
 * table. Each noun has a file in options/.
 */
import type { OptionSpec, OptionValue } from './option.ts'
import { connectionOptions } from './options/connections.ts'
import { groupOptions } from './options/groups.ts'
import { listenerOptions } from './options/listeners.ts'
import { loggingOptions } from './options/logging.ts'
import { producerOptions } from './options/producers.ts'
import { quotaOptions } from './options/quotas.ts'
import { storageOptions } from './options/storage.ts'
import { telemetryOptions } from './options/telemetry.ts'
import { topicDefaults } from './options/topics.ts'

/**
 * Kafka's name where Kafka has the thing; sizes in bytes and times in milliseconds unless it says
 * otherwise. In the order in which the reference lists them.
 */
export const options: typeof listenerOptions &
  typeof topicDefaults &
  typeof connectionOptions &
  typeof quotaOptions &
  typeof groupOptions &
  typeof producerOptions &
  typeof storageOptions &
  typeof telemetryOptions &
  typeof loggingOptions = {
  ...listenerOptions,
  ...topicDefaults,
  ...connectionOptions,
  ...quotaOptions,
  ...groupOptions,
  ...producerOptions,
  ...storageOptions,
  ...telemetryOptions,
  ...loggingOptions,
}

/** The same table for code that treats every option alike. */
export const optionTable: Readonly<Record<string, OptionSpec>> = options

export type OptionName = keyof typeof options

/** What parts are given: one typed, frozen value per option. */
export type Config = {
  readonly [Name in OptionName]: OptionValue<(typeof options)[Name]>
}
