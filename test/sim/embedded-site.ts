/** One embedded broker over a disk and a catalog that fail, tear and lose their answers. */
import assert from 'node:assert/strict'
import { openInlinePass } from '../../src/log/compaction-pass.ts'
import { sleep } from '../../src/base/clock.ts'
import { LogLevels } from '../../src/base/log-levels.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import { openMemoryDatabase, type MemoryDatabase } from '../../src/catalog/memory-database.ts'
import type { MemoryFault, MemoryPoint } from '../../src/catalog/memory-faults.ts'
import { parseConfig, type LoadedConfig } from '../../src/config/parse-config.ts'
import { MemoryDisk, type DiskFault, type DiskOperation } from '../../src/disk/memory-disk.ts'
import { type Server, startServer } from '../../src/server.ts'
import { inlineChecker } from '../../src/contract/check/record-checker.ts'
import { schemaFormats } from '../../src/registry/schema/schema-formats.ts'
import { inlineRepacker } from '../support/inline-repacker.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { Life, MortalDatabase, mortalClock } from './life.ts'
import { type Asker, SimClient } from './sim-client.ts'
import { simSlabs, type Site, type SiteParts } from './site.ts'

const port = 9_092

export class EmbeddedSite implements Site {
  crashes = 0
  readonly #parts: SiteParts
  readonly #disk: MemoryDisk
  readonly #database: MemoryDatabase
  readonly #loaded: LoadedConfig
  #life: Life | undefined
  #server: Server | undefined

  constructor(parts: SiteParts, partitionCount: number) {
    this.#parts = parts
    const { clock, random } = parts
    this.#disk = new MemoryDisk({
      clock,
      random: this.#fork(),
      latencyMs: 0.1,
      fault: (operation) => this.#diskFault(operation),
    })
    this.#database = openMemoryDatabase({
      clock,
      hooks: {
        pause: () => sleep(clock, randomBelow(random, 3) === 0 ? 0.2 : 0),
        fault: (point) => this.#catalogFault(point),
      },
    })
    this.#loaded = configFor(random, partitionCount)
  }

  #fork(): Random {
    return seededRandom(this.#parts.random.uint32())
  }

  async boot(): Promise<void> {
    const { clock, network, log, note, failed } = this.#parts
    for (;;) {
      const life = new Life()
      this.#life = life
      try {
        const server = await startServer(this.#loaded, {
          clock: mortalClock(clock, life),
          random: this.#fork(),
          disk: this.#disk.mount(),
          network: network.of(life),
          openDatabase: async () => new MortalDatabase(this.#database, life),
          repacker: inlineRepacker,
          checker: inlineChecker(schemaFormats),
          openPass: openInlinePass,
          log,
          logLevels: new LogLevels('INFO'),
          slabs: simSlabs,
        })
        server.failure.catch(failed)
        this.#server = server
        note('broker started')
        return
      } catch (error) {
        if (life !== this.#life) return
        note(`start failed: ${String(error)}`)
        life.kill()
        await sleep(clock, 100)
      }
    }
  }

  client(name: string): Asker {
    return new SimClient(this.#parts.network, this.#parts.clock, port, name)
  }

  pinned(name: string): readonly Asker[] {
    return [this.client(name)]
  }

  server(): Server | undefined {
    return this.#server
  }

  async disturb(): Promise<void> {
    const { clock, random, network } = this.#parts
    const draw = randomBelow(random, 8)
    if (draw < 6) return network.cutOne()
    this.#crash()
    await sleep(clock, 5 + randomBelow(random, 200))
    await this.boot()
  }

  calm(): Promise<void> {
    return Promise.resolve()
  }

  restart(): Promise<void> {
    this.#crash()
    return this.boot()
  }

  /** Everything was read already, and the journal's files say nothing that the catalog does not. */
  audit(): Promise<void> {
    return Promise.resolve()
  }

  /** kill -9; half of the time the power goes with it. */
  #crash(): void {
    this.crashes++
    this.#parts.note('crash')
    this.#life?.kill()
    this.#server = undefined
    this.#disk.crash(this.#fork())
  }

  #diskFault({ kind }: DiskOperation): DiskFault | undefined {
    const { random, hasFaults } = this.#parts
    if (!hasFaults()) return undefined
    const draw = randomBelow(random, 1_000)
    if (draw < 15) return { delayMs: randomBelow(random, 300) }
    if (draw < 20 && (kind === 'write' || kind === 'sync')) return { fail: 'unavailable' }
    if (draw < 24 && kind === 'write') return { fail: 'overloaded' }
    return undefined
  }

  #catalogFault({ at }: MemoryPoint): MemoryFault | undefined {
    const { random, hasFaults } = this.#parts
    if (!hasFaults()) return undefined
    const draw = randomBelow(random, 1_000)
    if (draw < 3) return { fault: 'fail' }
    if (at !== 'commit') return undefined
    if (draw < 12) return { fault: 'lose-answer' }
    if (draw < 18) return { fault: 'lose-request' }
    if (draw < 26) {
      const until = this.#untilOrDeath(randomBelow(random, 800))
      return { fault: 'zombie', until, commits: randomBelow(random, 2) === 0 }
    }
    return undefined
  }

  /**
   * The embedded catalog runs in the broker's process: a commit that hangs is over, one way or the
   * other, when the process dies. (A server's would go on; there no journal space is used again.)
   */
  #untilOrDeath(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#life?.atEnd(resolve)
    this.#parts.clock.after(ms, resolve)
    return promise
  }
}

/** Small files and caches, so that rolling, recycling and cold reads happen all the time. */
function configFor(random: Random, partitionCount: number): LoadedConfig {
  const flags = { data: '/data', kafka: `broker:${port}`, 'num-partitions': `${partitionCount}` }
  const parsed = parseConfig({ flags })
  assert.ok(parsed.ok, JSON.stringify(parsed))
  const pick = (values: readonly number[]): number =>
    values[randomBelow(random, values.length)] ?? 0
  const config = {
    ...parsed.config,
    'disk.reserve.bytes': 65_536,
    'journal.file.bytes': pick([131_072, 262_144, 1_048_576]),
    'journal.group.bytes': pick([32_768, 65_536]),
    'tail.cache.bytes': pick([0, 65_536, 1_048_576]),
    'block.cache.bytes': pick([0, 65_536, 1_048_576]),
    'pack.window.ms': pick([100, 1_000, 60_000]),
    'pack.object.bytes': pick([16_384, 65_536, 67_108_864]),
    'object.grace.ms': pick([1_000, 60_000]),
    'log.retention.check.interval.ms': 500,
    'log.cleaner.backoff.ms': pick([0, 100, 1_000]),
    'log.cleaner.dedupe.buffer.size': pick([50, 1_024, 65_536]),
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': pick([100, 1_000]),
  }
  return { ...parsed, config }
}
