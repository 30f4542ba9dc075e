/**
 * A TCP proxy in front of PostgreSQL that cuts a connection at a chosen request: before it is
 * passed on, or behind it, so that the server does what its client never hears of.
 */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/**
 * - `before`: the request never arrives; the server sees a closed connection.
 * - `after`: it arrives, and both sides are cut at once.
 * - `deaf`: it arrives, and nothing comes back any more; the server sees an open connection.
 */
export type Cut = 'before' | 'after' | 'deaf'

const syncType = 'S'.charCodeAt(0)
const queryType = 'Q'.charCodeAt(0)

export class PostgresProxy {
  /** Requests (each ends with Sync, or is a simple query) since the last `arm`. */
  requests = 0
  readonly #port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #cut: { readonly at: number; readonly cut: Cut } | undefined

  static async start(port: number): Promise<PostgresProxy> {
    const proxy = new PostgresProxy(port)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  private constructor(port: number) {
    this.#port = port
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** The `at`-th request from now on, counted from 1, is cut; without, requests are counted. */
  arm(at?: number, cut: Cut = 'before'): void {
    this.requests = 0
    this.#cut = at === undefined ? undefined : { at, cut }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(client: Socket): void {
    const server = connect({ host: '127.0.0.1', port: this.#port, noDelay: true })
    let isDeaf = false
    const end = (): void => {
      client.destroy()
      if (!isDeaf) server.destroy()
    }
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.on('error', end)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        end()
      })
    }
    const requests = new Messages()
    client.on('data', (bytes: Buffer) => {
      for (const message of requests.read(bytes)) {
        const isRequest = message[0] === syncType || message[0] === queryType
        if (isRequest) this.requests++
        const cut = isRequest && this.requests === this.#cut?.at ? this.#cut.cut : undefined
        if (cut === 'before') return end()
        server.write(message, () => cut === 'after' && end())
        if (cut === undefined) continue
        isDeaf = cut === 'deaf'
        if (isDeaf) client.destroy()
        return
      }
    })
    server.on('data', (bytes: Buffer) => {
      if (!client.destroyed) client.write(bytes)
    })
  }
}

/** Cuts what a client sends into messages; the first has no type. */
class Messages {
  #rest = Buffer.alloc(0)
  #isFirst = true

  read(bytes: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, bytes])
    const messages: Buffer[] = []
    for (;;) {
      const typeBytes = this.#isFirst ? 0 : 1
      if (this.#rest.length < typeBytes + 4) return messages
      const length = typeBytes + this.#rest.readInt32BE(typeBytes)
      if (this.#rest.length < length) return messages
      messages.push(this.#rest.subarray(0, length))
      this.#rest = this.#rest.subarray(length)
      this.#isFirst = false
    }
  }
}
