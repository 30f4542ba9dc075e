/** Catalogs on one real PostgreSQL, each test in a schema of its own. */
import { after, before } from 'node:test'
import pg from 'pg'
import { silentLog } from '../../src/base/log.ts'
import { systemClock } from '../../src/base/system-clock.ts'
import { openPostgresDatabase, type PostgresDatabase } from '../../src/catalog/postgres/database.ts'
import { PostgresServer } from '../support/postgres-server.ts'

export class Catalogs {
  #server: PostgresServer | undefined
  #count = 0

  /** Starts the server before the tests of the file and stops it after them. */
  constructor(settings: Readonly<Record<string, string>> = {}) {
    before(async () => {
      this.#server = await PostgresServer.start({ settings })
    })
    after(() => this.#server?.stop())
  }

  get server(): PostgresServer {
    if (this.#server === undefined) throw new Error('the server is started before the tests')
    return this.#server
  }

  newSchema(): string {
    return `t_${process.pid}_${++this.#count}`
  }

  open(schema: string = this.newSchema(), more = '', port?: number): Promise<PostgresDatabase> {
    const url = this.server.url(`schema=${schema}${more}`, port)
    return openPostgresDatabase({ url, clock: systemClock, log: silentLog })
  }

  /** A plain connection beside those of the catalog, for `work`. */
  async plain<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    const client = new pg.Client({ connectionString: this.server.url() })
    client.on('error', () => undefined) // the server may be killed
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }
}
