/**
 * What the client tests talk to: Karst from this checkout, or whatever KARST_TEST_BOOTSTRAP names
 * (`npm run test:clients -- --target kafka` puts a real Apache Kafka there).
 */
import { BrokerProcess } from './broker-process.ts'

export interface Target {
  name: 'karst' | 'other'
  bootstrap: string
  close: () => Promise<void>
}

export async function openTarget(): Promise<Target> {
  const bootstrap = process.env['KARST_TEST_BOOTSTRAP']
  if (bootstrap !== undefined) return { name: 'other', bootstrap, close: async () => {} }
  const broker = await BrokerProcess.start()
  return { name: 'karst', bootstrap: broker.bootstrap, close: () => broker.close() }
}

let names = 0

/** A name that no other test uses, also when all tests share one broker. */
export function freshName(what: string): string {
  names++
  return `${what}-${process.pid}-${names}`
}
