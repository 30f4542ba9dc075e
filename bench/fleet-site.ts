/**
 * A fleet with a bucket that is as far away as S3: a broker in each of three zones, PostgreSQL, and
 * a real S3 server behind a proxy that answers as late as the model says and counts.
 */
import path from 'node:path'
import { checkout, nodeProgram } from '../test/support/broker-process.ts'
import { busy, cpuSeconds, cpuSecondsWithChildren } from './machine.ts'
import { Fleet } from '../test/support/fleet.ts'
import { Program } from '../test/support/program.ts'
import type { ProxyVerb, VerbCounts } from '../test/support/s3-proxy.ts'

export const zones: readonly string[] = ['a', 'b', 'c']
const lifetimeMs = 60 * 60_000

export type CpuOf = 'brokers' | 'database' | 'bucket' | 'proxy' | 'rest'

export type Counts = Record<ProxyVerb, VerbCounts>

export class FleetSite {
  readonly fleet: Fleet
  readonly #proxy: Program
  readonly #endpoint: string

  private constructor(fleet: Fleet, proxy: Program, endpoint: string) {
    this.fleet = fleet
    this.#proxy = proxy
    this.#endpoint = endpoint
  }

  get brokers(): Fleet['brokers'] {
    return this.fleet.brokers
  }

  /** Of the broker in the zone at `at`. */
  portOf(at: number): number {
    return Number(this.brokers[at]?.bootstrap.split(':').at(-1))
  }

  static async start(flags: readonly string[] = []): Promise<FleetSite> {
    const proxies: Proxy[] = []
    const through = async (target: string): Promise<string> => {
      const proxy = await startProxy(target)
      proxies.push(proxy)
      return proxy.endpoint
    }
    try {
      const fleet = await Fleet.start({ zones, flags, through })
      const [proxy] = proxies
      if (proxy === undefined) throw new Error('a fleet starts through its proxy')
      return new FleetSite(fleet, proxy.program, proxy.endpoint)
    } catch (error) {
      await Promise.all(proxies.map(({ program }) => program.stop())) // else the bench waits for it
      throw error
    }
  }

  /** Requests and bytes at the bucket so far, by verb. */
  async counts(): Promise<Counts> {
    const answer = await globalThis.fetch(`${this.#endpoint}/_proxy/counts`)
    return ((await answer.json()) as { counts: Counts }).counts
  }

  /** CPU seconds so far, by whose they are; `rest` is the clients', and what else runs here. */
  cpu(): Record<CpuOf, number> {
    const { postgres, s3 } = this.fleet
    const brokers = this.brokers.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0)
    const bucket = cpuSeconds(s3.pid)
    const proxy = cpuSeconds(this.#proxy.pid)
    const database = cpuSecondsWithChildren(postgres.pid)
    const rest = busy() - brokers - bucket - proxy - database
    return { brokers, database, bucket, proxy, rest }
  }

  async close(): Promise<void> {
    try {
      await this.fleet.close()
    } finally {
      await this.#proxy.stop() // else the bench waits for it
    }
  }
}

interface Proxy {
  readonly program: Program
  readonly endpoint: string
}

async function startProxy(target: string): Promise<Proxy> {
  const script = path.join(checkout, 'test/s3/proxy/run.ts')
  const args = [script, '--target', target, '--model']
  const program = new Program('proxy', nodeProgram, args, { timeoutMs: lifetimeMs })
  const line = await program.line((each) => each.includes(' in front of '), 10_000)
  return { program, endpoint: line.split(' ')[0] ?? '' }
}

/** What came between two counts. */
export function between(before: Counts, after: Counts, verbs: readonly ProxyVerb[]): number {
  return verbs.reduce((sum, verb) => sum + after[verb].requests - before[verb].requests, 0)
}
