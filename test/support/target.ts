/**
 * What the client tests talk to: Karst from this checkout, or whatever KARST_TEST_BOOTSTRAP names
 * (`npm run test:clients -- --target kafka` puts a real Apache Kafka there). With FLEET_UNDER_TEST
 * it is three brokers over a bucket and a database (`--target fleet`).
 */
import { BrokerProcess } from './broker-process.ts'
import { Fleet } from './fleet.ts'

export interface Target {
  name: 'karst' | 'other'
  bootstrap: string
  /** HOST:PORT of the schema registry; empty where there is none. */
  registry: string
  /** Those of all brokers. */
  registries: readonly string[]
  close: () => Promise<void>
}

export async function openTarget(): Promise<Target> {
  const bootstrap = process.env['KARST_TEST_BOOTSTRAP']
  if (bootstrap !== undefined) {
    return { name: 'other', bootstrap, registry: '', registries: [], close: async () => {} }
  }
  if (process.env['FLEET_UNDER_TEST'] !== undefined) {
    const fleet = await Fleet.start()
    // Any broker tells of all the others.
    const any = fleet.brokers[process.pid % fleet.brokers.length] as BrokerProcess
    const { kafka, registry } = any.addresses
    const registries = fleet.brokers.map(({ addresses }) => addresses.registry)
    return { name: 'karst', bootstrap: kafka, registry, registries, close: () => fleet.close() }
  }
  const broker = await BrokerProcess.start()
  const { kafka, registry } = broker.addresses
  const registries = [registry]
  return { name: 'karst', bootstrap: kafka, registry, registries, close: () => broker.close() }
}

let names = 0

/** A name that no other test uses, also when all tests share one broker. */
export function freshName(what: string): string {
  names++
  return `${what}-${process.pid}-${names}`
}
