/**
 * A TCP proxy in front of one broker that cuts connections where it hurts, from a seed: inside a
 * request, inside a response, or after the broker has answered but before the client hears of it
 * (the lost acknowledgement). Clients stay behind it because the broker's port is replaced by the
 * proxy's in every response that names the broker (same host, so lengths do not change).
 */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { randomBelow } from '../../src/base/random.ts'
import type { Random } from '../../src/base/random.ts'
import { seededRandom } from './seeded-random.ts'

export interface CutProxyOptions {
  /** host:port of the broker. */
  target: string
  seed: number
  /** A connection lives for at most this many bytes (of the direction that is cut). */
  lifeBytesMax: number
  /** Or until at most this many responses, when the cut is a lost answer. */
  lifeResponsesMax: number
  /**
   * Cut only connections that have carried a produce request, and responses only between two:
   * kafkajs survives neither a lost ApiVersions answer nor half a response, of any broker.
   */
  spareFragile?: boolean
}

export interface CutCounts {
  connections: number
  request: number
  response: number
  lostAnswer: number
}

type CutKind = 'request' | 'response' | 'lostAnswer'

interface Plan {
  kind: CutKind
  /** Bytes for `request` and `response`, answers for `lostAnswer`. */
  remaining: number
  isFragile: boolean
  isCut: boolean
}

const produceKey = 0
const requestBytesPerAnswerByte = 50 // of a producer, roughly
const frameBytesMax = 128 * 1024 * 1024 // beyond any response a client asks for

export class CutProxy {
  readonly counts: CutCounts = { connections: 0, request: 0, response: 0, lostAnswer: 0 }
  readonly #options: CutProxyOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #random: Random
  #isCutting = true

  private constructor(options: CutProxyOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client))
  }

  static async start(options: CutProxyOptions): Promise<CutProxy> {
    const proxy = new CutProxy(options)
    const [host] = options.target.split(':')
    await new Promise<void>((resolve) => proxy.#server.listen(0, host, resolve))
    return proxy
  }

  get bootstrap(): string {
    const { address, port } = this.#server.address() as AddressInfo
    return `${address}:${port}`
  }

  get cuts(): number {
    return this.counts.request + this.counts.response + this.counts.lostAnswer
  }

  /** From now on connections live; those that stand are left alone too. */
  calm(): void {
    this.#isCutting = false
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(client: Socket): void {
    const [host = '', port = ''] = this.#options.target.split(':')
    const broker = connect({ host, port: Number(port), noDelay: true })
    const plan = this.#plan()
    this.counts.connections++
    const end = () => {
      client.destroy()
      broker.destroy()
      this.#sockets.delete(client)
      this.#sockets.delete(broker)
    }
    for (const socket of [client, broker]) {
      this.#sockets.add(socket)
      socket.on('error', end)
      socket.on('close', end)
    }
    const requests = new FrameReader()
    const produces = new Set<number>() // correlation ids of produce requests not yet answered
    client.on('data', (bytes: Buffer) => {
      for (const frame of requests.read(bytes)) {
        if (frame.readInt16BE(4) !== produceKey) continue
        produces.add(frame.readInt32BE(8))
        plan.isFragile = false
      }
      this.#pass(bytes, 'request', plan, broker, end)
    })
    const responses = new FrameReader()
    broker.on('data', (bytes: Buffer) => {
      for (const frame of responses.read(bytes)) {
        const isProduce = produces.delete(frame.readInt32BE(4))
        if (isProduce && this.#losesAnswer(plan)) return end()
        this.#replacePort(frame)
        this.#pass(frame, 'response', plan, client, end)
      }
    })
  }

  #pass(bytes: Buffer, kind: CutKind, plan: Plan, to: Socket, end: () => void): void {
    if (plan.isCut) return // bytes behind a gap would be corruption, not a cut
    const isSpared = !this.#isCutting || plan.isFragile
    if (isSpared || plan.kind !== kind || bytes.length < plan.remaining) {
      if (plan.kind === kind && !isSpared) plan.remaining -= bytes.length
      to.write(bytes)
      return
    }
    this.counts[kind]++
    // What lies before the cut must arrive, otherwise every cut is one between two frames.
    const isWhole = kind === 'response' && this.#options.spareFragile === true
    const kept = isWhole ? 0 : plan.remaining
    to.write(bytes.subarray(0, kept), () => setImmediate(end))
    plan.isCut = true
  }

  #losesAnswer(plan: Plan): boolean {
    if (!this.#isCutting || plan.kind !== 'lostAnswer' || --plan.remaining > 0) return false
    this.counts.lostAnswer++
    return true
  }

  #plan(): Plan {
    const { lifeBytesMax, lifeResponsesMax } = this.#options
    // In turn, so that a client that connects seldom meets all of them.
    const kinds = ['lostAnswer', 'response', 'request'] as const
    const kind = kinds[this.counts.connections % kinds.length] ?? 'request'
    const answerBytesMax = Math.ceil(lifeBytesMax / requestBytesPerAnswerByte)
    const max = { request: lifeBytesMax, response: answerBytesMax, lostAnswer: lifeResponsesMax }
    return {
      kind,
      remaining: 1 + randomBelow(this.#random, max[kind]),
      isFragile: this.#options.spareFragile === true,
      isCut: false,
    }
  }

  /** A broker names itself as (string host, int32 port) in Metadata and FindCoordinator. */
  #replacePort(frame: Buffer): void {
    const [host = '', port = ''] = this.#options.target.split(':')
    const own = (this.#server.address() as AddressInfo).port
    const named = Buffer.alloc(host.length + 4)
    named.write(host)
    named.writeInt32BE(Number(port), host.length)
    for (let at = frame.indexOf(named); at >= 0; at = frame.indexOf(named, at + 1)) {
      frame.writeInt32BE(own, at + host.length)
    }
  }
}

/** Cuts a stream into frames, length prefix included. */
class FrameReader {
  #rest: Buffer[] = []
  #restBytes = 0

  read(bytes: Buffer): Buffer[] {
    this.#rest.push(bytes)
    this.#restBytes += bytes.length
    const frames: Buffer[] = []
    while (this.#restBytes >= 4) {
      if ((this.#rest[0]?.length ?? 0) < 4) this.#rest = [Buffer.concat(this.#rest)]
      const frameBytes = 4 + (this.#rest[0]?.readInt32BE(0) ?? 0)
      if (frameBytes < 8 || frameBytes > frameBytesMax)
        throw new Error(`frame of ${frameBytes} bytes`)
      if (this.#restBytes < frameBytes) break
      const all = Buffer.concat(this.#rest)
      frames.push(all.subarray(0, frameBytes))
      this.#rest = [all.subarray(frameBytes)]
      this.#restBytes = all.length - frameBytes
    }
    return frames
  }
}
