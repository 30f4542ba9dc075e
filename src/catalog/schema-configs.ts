/** Configs of brokers and groups that were set at run time. Those of a topic stand in its own row. */
import { lockClass } from './lock-class.ts'
import type { Table } from './table.ts'

export interface ResourceConfigRow {
  /** 'broker' or 'group'. */
  kind: string
  /** Of a broker its id, or '' for all brokers; of a group its id. */
  name: string
  /** Texts by Kafka's names as JSON: {"log.retention.ms":"1000"}. Never empty: then the row goes. */
  configs: string
}

export const resourceConfigs: Table<ResourceConfigRow> = {
  name: 'resource_config',
  lockClass: lockClass.counter,
  columns: { kind: 'text', name: 'text', configs: 'text' },
  key: ['kind', 'name'],
}
