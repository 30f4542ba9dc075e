/** What `karst up` answers over HTTP: whether it is ready, and its metrics. */
import { isFailure } from '../base/errors.ts'
import type { Server } from '../server.ts'

export class BrokerStatus {
  server: Server | undefined
  otlp: { readonly usedBytes: () => number; readonly limitBytes: number } | undefined
  isStopping = false

  /** Why there should be no traffic now; undefined where the catalog answers. */
  async notReady(): Promise<string | undefined> {
    if (this.isStopping) return 'stopping'
    if (this.server === undefined || this.otlp === undefined) return 'starting'
    // Known already, where asking the catalog would take until it is given up.
    const unheard = this.server.unheard()
    if (unheard !== undefined) return unheard
    const { cluster, logs } = this.server.broker
    const cutOff = Promise.withResolvers<void>()
    const stay = cluster.onCutOff(cutOff.resolve)
    try {
      await Promise.race([logs.freshPartitions([]), cutOff.promise])
      return this.server.unheard()
    } catch (error) {
      if (!isFailure(error)) throw error
      return error.message
    } finally {
      stay()
    }
  }

  /** Loaded at the first scrape: a broker that nobody scrapes pays for no text. */
  async metrics(): Promise<{ readonly body: string; readonly contentType: string }> {
    const { ProcessStats } = await import('../admin/process-stats.ts')
    const { brokerSamples } = await import('../admin/broker-samples.ts')
    const { exposition, expositionContentType } = await import('../admin/exposition.ts')
    this.#process ??= new ProcessStats()
    const samples = this.#process.samples()
    const { server, otlp } = this
    const contentType = expositionContentType
    if (server === undefined) return { body: exposition(new Map(samples)), contentType }
    const { broker, listener, produceBudget, otherBudget, journal, space } = server
    const isReady = (await this.notReady()) === undefined
    const parts = brokerSamples({
      clusterId: broker.clusterId,
      nodeId: broker.nodeId,
      logs: broker.logs,
      topics: broker.topics,
      journal,
      jobs: server.jobs.stats(),
      connectionCount: listener.connectionCount,
      groupCount: broker.groups.groupCount,
      budgets: {
        produce: produceBudget,
        other: otherBudget,
        ...(otlp === undefined
          ? {}
          : { otlp: { usedBytes: otlp.usedBytes(), limitBytes: otlp.limitBytes } }),
      },
      isReady,
      zoneTraffic: broker.zoneTraffic,
      contracts: broker.contracts.stats,
      isDiskFull: space.full !== undefined,
    })
    const all = new Map([
      ...server.metrics.samples(),
      ...parts,
      ...server.storageSamples(),
      ...samples,
    ])
    return { body: exposition(all), contentType }
  }

  #process: ProcessStatsLoaded | undefined
}

type ProcessStatsLoaded = InstanceType<(typeof import('../admin/process-stats.ts'))['ProcessStats']>
