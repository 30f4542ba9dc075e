/** A sink that keeps what it was given, and fails as it is told to. */
import type { TelemetryRecord, TelemetrySink } from './sink.ts'

export class MemorySink implements TelemetrySink {
  readonly topics: Map<string, TelemetryRecord[]> = new Map()
  recordBytesMax = 1_048_588
  /** Called before each append; what it throws or awaits, the append does. */
  before: (records: readonly TelemetryRecord[]) => void | Promise<void> = () => undefined
  appendCount = 0

  maxRecordBytes(): Promise<number> {
    return Promise.resolve(this.recordBytesMax)
  }

  async append(topic: string, records: readonly TelemetryRecord[]): Promise<void> {
    this.appendCount++
    await this.before(records)
    this.topics.set(topic, [...this.records(topic), ...records])
  }

  records(topic: string): readonly TelemetryRecord[] {
    return this.topics.get(topic) ?? []
  }
}
