/**
 * The network between a broker and one server, as a test says: bytes pass, or none does, in either
 * direction and without a word, as when packets are lost on their way. Connections stay open, new
 * ones are taken and hear nothing; what was swallowed arrives when the network is back.
 */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

export interface SilentProxyOptions {
  /** Of the server, on this machine. */
  readonly port: number
  /**
   * Asked for what a client sends, before it is passed on: true cuts from these bytes on. They stay
   * behind, and so does all that comes later.
   */
  readonly cutsAt?: (bytes: Buffer) => boolean
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
  /** What came while nothing passed, in order. */
  readonly held: (() => void)[]
}

export class SilentProxy {
  cutsAt: SilentProxyOptions['cutsAt']
  readonly #port: number
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  #isCut = false
  #hearCut: (() => void) | undefined

  private constructor({ port, cutsAt }: SilentProxyOptions) {
    this.#port = port
    this.cutsAt = cutsAt
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client))
  }

  static async start(options: SilentProxyOptions): Promise<SilentProxy> {
    const proxy = new SilentProxy(options)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get isCut(): boolean {
    return this.#isCut
  }

  /** Called when `cutsAt` has cut. */
  onCut(hear: () => void): void {
    this.#hearCut = hear
  }

  /** From now on nothing passes. */
  cut(): void {
    this.#isCut = true
    for (const { client, server } of this.#pairs) {
      client.pause()
      server.pause()
    }
  }

  /** Everything passes again; what was held comes first. */
  heal(): void {
    this.#isCut = false
    for (const { client, server, held } of this.#pairs) {
      for (const pass of held.splice(0)) pass()
      client.resume()
      server.resume()
    }
  }

  async close(): Promise<void> {
    for (const { client, server } of this.#pairs) {
      client.destroy()
      server.destroy()
    }
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(client: Socket): void {
    const server = connect({ host: '127.0.0.1', port: this.#port, noDelay: true })
    const pair: Pair = { client, server, held: [] }
    this.#pairs.add(pair)
    const end = (): void => {
      this.#pairs.delete(pair)
      client.destroy()
      server.destroy()
    }
    client.on('data', (bytes: Buffer) => {
      if (!this.#isCut && this.cutsAt?.(bytes) === true) {
        this.cut()
        this.#hearCut?.()
      }
      this.#pass(pair, server, bytes)
    })
    server.on('data', (bytes: Buffer) => this.#pass(pair, client, bytes))
    for (const socket of [client, server]) {
      const other = socket === client ? server : client
      socket.on('error', () => this.#orLater(pair, end))
      // An end is a packet, too.
      socket.on('end', () => this.#orLater(pair, () => other.end()))
      socket.on('close', () => this.#orLater(pair, end))
    }
    if (this.#isCut) client.pause()
  }

  #pass(pair: Pair, to: Socket, bytes: Buffer): void {
    this.#orLater(pair, () => void to.write(bytes))
  }

  #orLater(pair: Pair, act: () => void): void {
    if (this.#isCut) pair.held.push(act)
    else act()
  }
}
