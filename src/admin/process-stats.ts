/** What the process takes of its machine, read at a scrape. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Sample, Samples } from './exposition.ts'

const quantiles = [0.5, 0.9, 0.99, 1]
/** Milliseconds between the timers that measure lag; they are only set once somebody scrapes. */
const resolutionMs = 20

export class ProcessStats {
  #delay: ReturnType<typeof monitorEventLoopDelay> | undefined
  #utilization = performance.eventLoopUtilization()

  samples(): Samples[] {
    const cpu = process.cpuUsage()
    const memory = process.memoryUsage()
    const resources = Map.groupBy(process.getActiveResourcesInfo(), (type) => type)
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, this.#utilization)
    this.#utilization = now
    return [
      [
        'process_cpu_seconds_total',
        [
          [['user'], cpu.user / 1e6],
          [['system'], cpu.system / 1e6],
        ],
      ],
      ['process_resident_memory_bytes', [[[], memory.rss]]],
      ['process_start_time_seconds', [[[], Math.round(performance.timeOrigin) / 1_000]]],
      ['nodejs_heap_size_used_bytes', [[[], memory.heapUsed]]],
      ['nodejs_heap_size_total_bytes', [[[], memory.heapTotal]]],
      ['nodejs_external_memory_bytes', [[[], memory.external]]],
      [
        'nodejs_active_resources',
        [...resources].map(([type, all]): Sample => [[type], all.length]),
      ],
      ['nodejs_eventloop_utilization_ratio', [[[], utilization]]],
      ['nodejs_eventloop_lag_seconds', this.#lag()],
    ]
  }

  close(): void {
    this.#delay?.disable()
  }

  /** The histogram has the resolution in every value: what is beyond is lag. */
  #lag(): Sample[] {
    const delay = this.#delay
    if (delay === undefined) {
      this.#delay = monitorEventLoopDelay({ resolution: resolutionMs })
      this.#delay.enable()
      return []
    }
    const lag = quantiles.map((quantile): Sample => {
      const beyondMs = delay.percentile(quantile * 100) / 1e6 - resolutionMs
      return [[String(quantile)], delay.count === 0 ? 0 : Math.max(beyondMs, 0) / 1_000]
    })
    delay.reset()
    return lag
  }
}
