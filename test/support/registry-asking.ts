/** The registry over HTTP for a test of its own, on every catalog (see ../log/catalogs.ts). */
import assert from 'node:assert/strict'
import { silentLog } from '../../src/base/log.ts'
import { systemClock } from '../../src/base/system-clock.ts'
import type { CatalogDatabase } from '../../src/catalog/database.ts'
import { type RegistryHttpParts, startRegistryHttp } from '../../src/registry/http/registry-http.ts'
import { Registry } from '../../src/registry/registry.ts'
import { schemaFormats } from '../../src/registry/schema/schema-formats.ts'
import { catalogTest } from '../log/catalogs.ts'

export interface Answer {
  readonly status: number
  readonly type: string | null
  readonly body: unknown
}

export interface Asking {
  readonly url: string
  readonly database: CatalogDatabase
  readonly ask: (method: string, path: string, body?: unknown) => Promise<Answer>
  /** The body of what was answered well. */
  readonly ok: (method: string, path: string, body?: unknown) => Promise<unknown>
  /** The error code of what was refused. */
  readonly refused: (method: string, path: string, body?: unknown) => Promise<number>
}

/** Declares a test with a registry that nobody else has. */
export function registryTest(
  title: string,
  work: (asking: Asking) => Promise<void>,
  more: Partial<RegistryHttpParts> = {},
): void {
  catalogTest(title, async (database) => {
    const registry = new Registry({ database, formats: schemaFormats, clock: systemClock })
    const listen = { host: '127.0.0.1', port: 0 }
    const faults: unknown[] = []
    const log = { ...silentLog, error: (fault: unknown) => void faults.push(fault) }
    const parts = { listen, registry, clusterId: 'cluster-1', clock: systemClock, log }
    const http = await startRegistryHttp({ ...parts, ...more })
    try {
      const { host, port } = http.address
      await work(asking(`http://${host}:${port}`, database)).catch((error: unknown) => {
        throw faults.length === 0 ? error : new AggregateError([...faults.map(errorOf), error])
      })
    } finally {
      await http.close()
    }
  })
}

const errorOf = (fault: unknown): unknown => (fault as { error: unknown }).error

function asking(url: string, database: CatalogDatabase): Asking {
  const ask = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const sent = typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(`${url}${path}`, {
      method,
      ...(sent === undefined ? {} : { body: sent }),
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    })
    const text = await response.text()
    const type = response.headers.get('content-type')
    return { status: response.status, type, body: text === '' ? undefined : JSON.parse(text) }
  }
  const ok = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await ask(method, path, body)
    assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  const refused = async (method: string, path: string, body?: unknown): Promise<number> => {
    const answer = await ask(method, path, body)
    assert.ok(answer.status >= 400, `${method} ${path}: ${JSON.stringify(answer.body)}`)
    const { error_code: code, message } = answer.body as { error_code: number; message: string }
    assert.ok(message.length > 0)
    assert.equal(String(code).slice(0, 3), String(answer.status))
    return code
  }
  return { url, database, ask, ok, refused }
}
