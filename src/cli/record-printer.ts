/** Prints records as fast as standard output takes them, up to a number. */
import type { ReadChunk } from '../client/read-chunk.ts'
import type { BatchRecord } from '../record/records.ts'
import type { CommandIo } from './command.ts'
import { recordToJson } from './record-json.ts'
import { recordToText, valueToText } from './record-text.ts'

export type Format = 'text' | 'json' | 'values'

/** Given to standard output at once: more would only wait there. */
const blockLengthMax = 256 * 1024

export class RecordPrinter {
  readonly #io: CommandIo
  readonly #format: Format
  readonly #max: number
  #count = 0

  constructor(io: CommandIo, format: Format, max: number) {
    this.#io = io
    this.#format = format
    this.#max = max
  }

  /** So many as were asked for are printed. */
  get isFull(): boolean {
    return this.#count >= this.#max
  }

  /**
   * Prints the records below `end`; resolves when they are written, with the offset to go on from
   * in the partition.
   */
  async print({ topic, partition, records, nextOffset }: ReadChunk, end: number): Promise<number> {
    let block = ''
    let next = nextOffset
    for (const record of records) {
      if (record.offset >= end || this.isFull || this.#io.signal.aborted) {
        next = record.offset
        break
      }
      block += `${this.#line(topic, partition, record)}\n`
      this.#count++
      if (block.length < blockLengthMax) continue
      await this.#write(block)
      block = ''
    }
    await this.#write(block)
    return next
  }

  async #write(block: string): Promise<void> {
    if (block === '') return
    this.#io.out(block)
    await this.#io.drained()
  }

  #line(topic: string, partition: number, record: BatchRecord): string {
    switch (this.#format) {
      case 'text':
        return recordToText(partition, record)
      case 'json':
        return recordToJson(topic, partition, record)
      case 'values':
        return valueToText(record)
    }
  }
}
