/**
 * A fleet on this machine: PostgreSQL, a real S3 server, and brokers over both, each a process of
 * its own.
 */
import type { PlacementReport } from '../../src/start/placement-report.ts'
import { BrokerProcess } from './broker-process.ts'
import { type PostgresOptions, PostgresServer } from './postgres-server.ts'
import { S3Server } from './s3-server.ts'
import { until } from './until.ts'

export interface FleetOptions {
  /** How many brokers: b1, b2, …, over the zones in turn. */
  readonly brokers?: number
  readonly zones?: readonly string[]
  readonly flags?: readonly string[]
  /** Where brokers reach the bucket, where that is not the server itself: a proxy before it. */
  readonly through?: (endpoint: string) => Promise<string>
  /** How a broker reaches the world, where that is not the way of the others. Asked once for each. */
  readonly own?: (at: number, fleet: Fleet) => Promise<OwnPlace>
  readonly postgres?: PostgresOptions
  /** Where b1 listens, b2 on the port behind it, and so on. Default: free ports. */
  readonly kafkaPort?: number
  readonly readyTimeoutMs?: number
}

/** Where it is left out the broker is as the others. */
export interface OwnPlace {
  /** Where PostgreSQL is for it. */
  readonly catalogPort?: number
  /** Where the bucket is for it: http://host:port. */
  readonly endpoint?: string
  readonly env?: Readonly<Record<string, string>>
}

const bucket = 'karst'
/** A placement reaches every broker within a second or two. */
const settleMsMax = 30_000

export class Fleet {
  readonly postgres: PostgresServer
  readonly s3: S3Server
  readonly brokers: BrokerProcess[] = []
  readonly #options: FleetOptions
  #endpoint: string

  private constructor(postgres: PostgresServer, s3: S3Server, options: FleetOptions) {
    this.postgres = postgres
    this.s3 = s3
    this.#options = options
    this.#endpoint = s3.endpoint
  }

  static async start(options: FleetOptions = {}): Promise<Fleet> {
    const [postgres, s3] = await Promise.all([
      PostgresServer.start(options.postgres),
      S3Server.start(),
    ])
    const fleet = new Fleet(postgres, s3, options)
    try {
      await s3.makeBucket(bucket)
      fleet.#endpoint = (await options.through?.(s3.endpoint)) ?? s3.endpoint
      for (let at = 0; at < (options.brokers ?? 3); at++) await fleet.add()
      await fleet.settle()
      return fleet
    } catch (error) {
      await fleet.close()
      throw error
    }
  }

  /** Of all brokers that run. */
  get bootstrap(): string {
    const running = this.brokers.filter(({ isRunning }) => isRunning)
    return running.map(({ bootstrap }) => bootstrap).join(',')
  }

  get storageUrl(): string {
    return storageUrlAt(this.#endpoint)
  }

  get catalogUrl(): string {
    return this.postgres.url()
  }

  get environment(): Record<string, string> {
    const { accessKey, secretKey } = this.s3.root
    return { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey }
  }

  /** One more broker, under the next name. `more`: flags of its own. */
  async add(more: readonly string[] = []): Promise<BrokerProcess> {
    const { zones = ['a'], flags = [], kafkaPort, readyTimeoutMs } = this.#options
    const at = this.brokers.length
    const zone = zones[at % zones.length] as string
    const own = (await this.#options.own?.(at, this)) ?? {}
    const storage = storageUrlAt(own.endpoint ?? this.#endpoint)
    const place = ['--storage', storage, '--catalog', this.postgres.url('', own.catalogPort)]
    const broker = await BrokerProcess.start({
      flags: [...place, '--name', `b${at + 1}`, '--zone', zone, ...flags, ...more],
      env: { ...this.environment, ...own.env },
      ...(kafkaPort === undefined ? {} : { kafka: `127.0.0.1:${kafkaPort + at}` }),
      ...(readyTimeoutMs === undefined ? {} : { readyTimeoutMs }),
    })
    this.brokers.push(broker)
    return broker
  }

  /**
   * Resolves when every broker shows its clients the newest placement, with a part for each. Who
   * begins before that is sent from broker to broker by what a test does not mean.
   */
  async settle(): Promise<void> {
    const running = this.brokers.filter(({ isRunning }) => isRunning)
    let told = ''
    const isSettled = async (): Promise<boolean> => {
      const answer = await fetch(`http://${running[0]?.addresses.http}/placement`)
      told = await answer.text()
      if (!answer.ok) return false
      const { version, brokers } = JSON.parse(told) as PlacementReport
      const settled = brokers.filter(({ shows, slots }) => shows === version && slots > 0)
      return settled.length === running.length
    }
    await until(isSettled, settleMsMax, () => `brokers do not show one placement: ${told}`)
  }

  async close(): Promise<void> {
    const closing = await Promise.allSettled(this.brokers.map((broker) => broker.close()))
    await Promise.allSettled([this.postgres.stop(), this.s3.close()])
    for (const each of closing) if (each.status === 'rejected') throw each.reason
  }
}

function storageUrlAt(endpoint: string): string {
  return `s3://${bucket}/fleet?endpoint=${encodeURIComponent(endpoint)}`
}
