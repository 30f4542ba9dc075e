/**
 * The three kinds of telemetry and in what they differ; everything else in this folder is the same
 * for all.
 */
import { type Message, otlpMessage } from './otlp-messages.ts'

export type SignalName = 'traces' | 'logs' | 'metrics'

export interface Signal {
  readonly name: SignalName
  readonly path: string
  /** The Collector's default topic for it. */
  readonly topic: string
  /** The request, which has the shape of what a record holds. */
  readonly message: Message
  /** How an item is called in messages, and in the answer's count of those refused. */
  readonly itemName: string
  readonly rejectedName: string
  /**
   * Records are keyed by trace id where items have one; with `idsRequired` items without ids are
   * refused.
   */
  readonly traceIdField: number | undefined
  readonly spanIdField: number | undefined
  readonly idsRequired: boolean
}

export const signals: Readonly<Record<SignalName, Signal>> = {
  traces: {
    name: 'traces',
    path: '/v1/traces',
    topic: 'otlp_spans',
    message: otlpMessage('TracesData'),
    itemName: 'span',
    rejectedName: 'rejectedSpans',
    traceIdField: 1,
    spanIdField: 2,
    idsRequired: true,
  },
  logs: {
    name: 'logs',
    path: '/v1/logs',
    topic: 'otlp_logs',
    message: otlpMessage('LogsData'),
    itemName: 'log record',
    rejectedName: 'rejectedLogRecords',
    traceIdField: 9,
    spanIdField: 10,
    idsRequired: false,
  },
  metrics: {
    name: 'metrics',
    path: '/v1/metrics',
    topic: 'otlp_metrics',
    message: otlpMessage('MetricsData'),
    itemName: 'data point',
    rejectedName: 'rejectedDataPoints',
    traceIdField: undefined,
    spanIdField: undefined,
    idsRequired: false,
  },
}
