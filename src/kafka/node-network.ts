/** Real TCP. The one file of this folder that knows node:net. */
import { createServer, Socket, type SocketConstructorOpts } from 'node:net'
import { Failure } from '../base/errors.ts'
import type { ByteStream, Listener, Network, StreamSink } from './byte-stream.ts'

/** Connections that wait to be accepted. */
const backlog = 1_024

export const nodeNetwork: Network = {
  listen(host, port, accept): Promise<Listener> {
    const { promise, resolve, reject } = Promise.withResolvers<Listener>()
    const server = createServer({ noDelay: true, keepAlive: true, pauseOnConnect: true })
    server.on('connection', (socket) => accept(new SocketStream(socket)))
    // It stays: a failed accept (no more file descriptors) is said the same way, and is no end.
    server.on('error', (error: NodeJS.ErrnoException) => {
      const at = `${host}:${port}`
      if (error.code === 'EADDRINUSE') {
        reject(new Failure('conflict', `${at} is in use by another process`, error))
      } else reject(new Failure('invalid', `${at} cannot be bound: ${error.message}`, error))
    })
    server.listen({ host, port, backlog }, () => {
      const bound = server.address()
      const at = typeof bound === 'object' && bound !== null ? bound.port : port
      resolve({
        address: { host, port: at },
        close: () => new Promise((done) => server.close(() => done())),
      })
    })
    return promise
  },
}

/** The handle of an accepted socket, which may be given to a new one that reads into our memory. */
interface Handled {
  readonly _handle?: { reading?: boolean } | null
}

class SocketStream implements ByteStream {
  readonly remote: string
  readonly #accepted: Socket
  #socket: Socket

  constructor(socket: Socket) {
    this.remote = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`
    this.#accepted = socket
    this.#socket = socket
  }

  /**
   * `net.createServer` has no `onread` (nodejs/node#36416): the accepted socket's handle moves into
   * a socket that has. Without a handle to move (another Node), it falls back to reading and
   * copying.
   */
  start(sink: StreamSink): void {
    const handle = (this.#accepted as Handled)._handle
    if (handle === undefined || handle === null) this.#startCopying(sink)
    else this.#startInPlace(handle, sink)
    const socket = this.#socket
    let isOver = false
    const over = (error?: Error): void => {
      if (isOver) return
      isOver = true
      sink.closed(error)
    }
    socket.on('error', over)
    socket.on('close', () => over())
    socket.on('end', () => socket.end())
  }

  #startInPlace(handle: object, sink: StreamSink): void {
    ;(this.#accepted as { _handle?: object | null })._handle = null
    // Only a shell is left of it, which the server would count as open for ever.
    this.#accepted.destroy()
    const onread = {
      buffer: () => sink.target(),
      callback: (count: number) => {
        sink.received(count)
        return true
      },
    }
    const options = { handle, onread, allowHalfOpen: false } as unknown as SocketConstructorOpts
    this.#socket = new Socket(options)
    this.#socket.setNoDelay(true)
    this.#socket.resume()
  }

  #startCopying(sink: StreamSink): void {
    this.#socket.on('data', (chunk) => {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      for (let at = 0; at < bytes.length;) {
        const target = sink.target()
        const part = bytes.subarray(at, at + target.length)
        target.set(part)
        at += part.length
        sink.received(part.length)
      }
    })
    this.#socket.resume()
  }

  write(chunks: readonly Uint8Array[], sent: () => void): void {
    const socket = this.#socket
    if (socket.destroyed || chunks.length === 0) {
      sent()
      return
    }
    socket.cork()
    const last = chunks.length - 1
    for (const [index, chunk] of chunks.entries()) {
      if (index === last) socket.write(chunk, () => sent())
      else socket.write(chunk)
    }
    socket.uncork()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#socket.destroySoon()
  }

  abort(): void {
    this.#socket.destroy()
  }
}
