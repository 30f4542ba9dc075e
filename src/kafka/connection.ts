/**
 * One client connection: frames in, answers out in the order of the requests. Requests run one
 * after another, except where a handler lets the next begin early (Produce), so that pipelining
 * pays.
 */
import { afterTurn } from '../base/after-turn.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { Hold } from '../base/hold.ts'
import type { Log } from '../base/log.ts'
import type { ByteStream } from './byte-stream.ts'
import { FrameReader } from './frame-reader.ts'
import type { MemoryBudget } from './memory-budget.ts'
import type { Answer, Peer, Reply } from './request.ts'
import type { SlabPool } from './slab.ts'

/** The key of Produce: these requests take from the budget for produced bytes. */
const produceKey = 0

export interface ConnectionDeps {
  readonly pool: SlabPool
  /** `socket.request.max.bytes`. */
  readonly frameBytesMax: number
  readonly produceBudget: MemoryBudget
  readonly otherBudget: MemoryBudget
  /** Requests of one connection begun and not answered; beyond, it is not read. */
  readonly pipelineMax: number
  readonly clock: Clock
  readonly log: Log
  /** Never rejects, except for a wrong program. */
  readonly serve: (
    frame: Uint8Array,
    peer: Peer,
    hold: Hold,
    signal: AbortSignal,
    next: () => void,
  ) => Promise<Reply>
  readonly closed: (connection: Connection) => void
}

/** How long a connection may be quiet, in milliseconds. */
export interface QuietLimits {
  /** `connections.max.idle.ms`: with no request under way. */
  readonly idleMsMax: number
  /** In the middle of a frame, or with an answer that the client does not take. */
  readonly stallMsMax: number
}

/** Answers that are ready together share one write of about this many bytes. */
const bytesPerWrite = 262_144

/** Below this rate, over this time, a frame gives its memory up to those who wait for it. */
const slowBytesPerSecond = 65_536
const slowMs = 2_000

/** A client that pipelines lets other connections in after so much time, in milliseconds. */
const turnMs = 10

/** A request read, and its answer once it is there. */
interface Pending {
  readonly frame: Uint8Array
  readonly hold: Hold
  readonly reserved: { readonly budget: MemoryBudget; readonly bytes: number }
  reply: Reply | undefined
  /** Lets the next request begin; harmless when repeated. */
  next: () => void
}

export class Connection {
  readonly peer: Peer
  readonly #deps: ConnectionDeps
  readonly #stream: ByteStream
  readonly #reader: FrameReader
  readonly #gone = new AbortController()
  /** In the order of arrival: the first `#begun` are with their handlers, the rest wait. */
  readonly #pending: Pending[] = []
  #begun = 0
  #mayBegin = true
  #isPaused = false
  /** So many answers, from the front, are with the socket. */
  #writing = 0
  #isWriteDue = false
  #isClosed = false
  /** The end has been begun: nothing more is read. */
  #isEnding = false
  #isDraining = false
  /** When this turn of the event loop began; requests that wait for the next are begun by `#turn`. */
  #turnMs = 0
  #turn: Timer | undefined
  /** While the client has to pause for its quotas (KIP-219): nothing is begun, or read. */
  #muted: { readonly untilMs: number; readonly timer: Timer } | undefined
  /** Since when others wait for memory that requests hold which have to pause. */
  #heldBackMs: number | undefined
  /** Taken for the frame under way. */
  #reserved: Pending['reserved'] | undefined
  /** The frame under way at an earlier sweep, and how much of it was there. */
  #slow:
    | { readonly frame: object; readonly partBytes: number; readonly sinceMs: number }
    | undefined
  /** Takes the asking for memory back, while it is asked for. */
  #stopWaiting: (() => void) | undefined
  /** Counts whatever moves: bytes that came, answers that were sent. */
  #moves = 0
  #movesSeen = -1
  #movedMs = 0

  constructor(stream: ByteStream, deps: ConnectionDeps) {
    this.#deps = deps
    this.#stream = stream
    this.peer = { remote: stream.remote, software: undefined }
    this.#reader = new FrameReader(deps.pool, deps.frameBytesMax, {
      admit: (size, apiKey) => this.#admit(size, apiKey),
      frame: (bytes, hold) => this.#take(bytes, hold),
      oversized: (size) => this.#oversized(size),
    })
    stream.start({
      target: () => this.#reader.target(),
      received: (count) => this.#received(count),
      closed: (error) => this.#closed(error),
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /**
   * Ends a connection on which nothing has moved for too long, or too little while others wait for
   * the memory that its frame was promised; asked from time to time. A client
   * that stops in the middle of a frame, or takes no answers, keeps memory that others wait for.
   */
  sweep(nowMs: number, { idleMsMax, stallMsMax }: QuietLimits): void {
    const { remote } = this.peer
    if (this.#isTooSlow(nowMs)) {
      this.#deps.log.warn({ remote }, 'a request comes too slowly while others wait: closing')
      this.abort()
      return
    }
    if (this.#isHeldBack(nowMs)) {
      const fault = 'a client that must pause sends requests, and others wait for memory: closing'
      this.#deps.log.warn({ remote }, fault)
      this.abort()
      return
    }
    if (this.#moves !== this.#movesSeen) {
      this.#movesSeen = this.#moves
      this.#movedMs = nowMs
      return
    }
    const quietMs = nowMs - this.#movedMs
    const isMuted = this.#muted !== undefined
    const isMidFrame = this.#reader.isMidFrame && !isMuted
    const isPeersTurn = this.#writing > 0 || this.#isEnding || isMidFrame
    const isIdle = this.#pending.length === 0 && this.#stopWaiting === undefined && !isMuted
    if (isPeersTurn && quietMs >= stallMsMax) {
      this.#deps.log.debug({ remote, quietMs }, 'the client neither reads nor sends: closing')
      this.abort()
    } else if (isIdle && quietMs >= idleMsMax) this.close()
  }

  #isTooSlow(nowMs: number): boolean {
    const frame = this.#reserved
    const { partBytes } = this.#reader
    if (frame === undefined || frame !== this.#slow?.frame) {
      this.#slow = frame === undefined ? undefined : { frame, partBytes, sinceMs: nowMs }
      return false
    }
    const elapsedMs = nowMs - this.#slow.sinceMs
    if (!frame.budget.isAwaited || elapsedMs < slowMs) return false
    return ((partBytes - this.#slow.partBytes) * 1000) / elapsedMs < slowBytesPerSecond
  }

  /** Clients of today pause by themselves; who goes on sending holds memory for as long. */
  #isHeldBack(nowMs: number): boolean {
    const next = this.#muted === undefined ? undefined : this.#pending[this.#begun]
    if (next?.reserved.budget.isAwaited !== true) {
      this.#heldBackMs = undefined
      return false
    }
    this.#heldBackMs ??= nowMs
    return nowMs - this.#heldBackMs >= slowMs
  }

  /** Connections come too fast: nothing of this one is served yet. */
  delay(delayMs: number): void {
    this.#mute(delayMs)
  }

  /** Answers what was read, then closes. Fetches that wait for records wait no longer. */
  drain(): void {
    this.#isDraining = true
    this.#pauseReading()
    this.#gone.abort()
    this.#unmute()
    if (this.#pending.length === 0) this.close()
  }

  /** What was answered is still sent; a client that does not read is cut off by `sweep`. */
  close(): void {
    this.#isEnding = true
    this.#pauseReading()
    this.#stream.close()
  }

  /** Ends it now. */
  abort(): void {
    this.#isEnding = true
    this.#stream.abort()
  }

  #received(count: number): void {
    this.#moves++
    if (this.#turn === undefined) this.#turnMs = this.#deps.clock.monotonicMs()
    if (!this.#isClosed) this.#reader.received(count)
  }

  #admit(size: number, apiKey: number): boolean {
    if (this.#reserved !== undefined) return true
    const isFull = this.#pending.length >= this.#deps.pipelineMax || this.#muted !== undefined
    if (this.#isDraining || this.#isEnding || isFull || this.#stopWaiting !== undefined) {
      this.#pauseReading()
      return false
    }
    const { produceBudget, otherBudget } = this.#deps
    const budget = apiKey === produceKey ? produceBudget : otherBudget
    const small = budget.tryTakeSmall(size)
    const reserved = { budget: small ?? budget, bytes: size }
    if (small !== undefined || budget.tryTake(size)) {
      this.#reserved = reserved
      return true
    }
    this.#pauseReading()
    this.#stopWaiting = budget.wait(size, () => {
      this.#stopWaiting = undefined
      this.#reserved = reserved
      this.#moves++
      this.#turnMs = this.#deps.clock.monotonicMs()
      this.#resumeReading()
    })
    return false
  }

  #take(frame: Uint8Array, hold: Hold): void {
    const reserved = this.#reserved
    this.#reserved = undefined
    if (reserved === undefined) return
    hold.retain()
    this.#pending.push({ frame, hold, reserved, reply: undefined, next: () => undefined })
    this.#beginNext()
  }

  #beginNext(): void {
    while (this.#mayBegin && this.#muted === undefined && this.#begun < this.#pending.length) {
      const request = this.#pending[this.#begun]
      if (request === undefined || this.#mustYield()) return
      this.#begun++
      this.#mayBegin = false
      let isNextDue = true
      request.next = (): void => {
        if (!isNextDue) return
        isNextDue = false
        this.#mayBegin = true
        this.#beginNext()
      }
      void this.#serve(request)
    }
  }

  /**
   * Answers that are there at once, and are taken at once, are given in one turn of the event loop:
   * a client with a thousand requests under way would be the only one served.
   */
  #mustYield(): boolean {
    const { clock } = this.#deps
    if (this.#turn !== undefined) return true
    if (clock.monotonicMs() - this.#turnMs < turnMs) return false
    this.#turn = clock.after(0, () => {
      this.#turn = undefined
      this.#turnMs = clock.monotonicMs()
      this.#beginNext()
    })
    return true
  }

  async #serve(request: Pending): Promise<void> {
    const { peer } = this
    const signal = this.#gone.signal
    const reply = await this.#deps.serve(request.frame, peer, request.hold, signal, request.next)
    request.reply = reply
    if (this.#isClosed) return giveUp(request)
    if (typeof reply === 'object' && reply.throttleMs !== undefined) this.#mute(reply.throttleMs)
    this.#writeSoon()
  }

  /** From now on, as Kafka does it: the answer itself is sent at once. */
  #mute(throttleMs: number): void {
    const { clock } = this.#deps
    const untilMs = clock.monotonicMs() + throttleMs
    if (this.#isDraining || (this.#muted !== undefined && untilMs <= this.#muted.untilMs)) return
    this.#muted?.timer.cancel()
    this.#muted = { untilMs, timer: clock.after(throttleMs, () => this.#unmute()) }
    this.#pauseReading()
  }

  #unmute(): void {
    if (this.#muted === undefined) return
    this.#muted.timer.cancel()
    this.#muted = undefined
    this.#turnMs = this.#deps.clock.monotonicMs()
    this.#moves++
    this.#beginNext()
    this.#resumeReading()
  }

  /**
   * Answers that become ready in one turn share a write: each costs a system call and wakes the
   * client, and what was committed together is ready together.
   */
  #writeSoon(): void {
    if (this.#isWriteDue) return
    this.#isWriteDue = true
    afterTurn(() => {
      this.#isWriteDue = false
      this.#writeReady()
    })
  }

  /** Sends answers from the front; a request that is not let overlap ends when its answer is sent. */
  #writeReady(): void {
    while (this.#writing === 0) {
      const [head] = this.#pending
      if (head?.reply === undefined) return
      const { reply } = head
      if (reply === 'close') return this.close()
      if (reply === 'silent') this.#finish(head)
      else this.#write()
    }
  }

  #write(): void {
    const answered = this.#answeredTogether()
    this.#writing = answered.length
    const chunks = answered.flatMap(({ answer }) => answer.chunks)
    this.#stream.write(chunks, () => {
      this.#moves++
      for (const { request, answer } of answered) {
        this.#writing--
        if (this.#isClosed) giveUp(request)
        else {
          answer.release?.()
          this.#finish(request)
        }
      }
      if (!this.#isClosed) this.#writeReady()
    })
  }

  #answeredTogether(): { readonly request: Pending; readonly answer: Answer }[] {
    const answered: { readonly request: Pending; readonly answer: Answer }[] = []
    let bytes = 0
    for (const request of this.#pending) {
      const { reply } = request
      if (typeof reply !== 'object' || bytes >= bytesPerWrite) break
      answered.push({ request, answer: reply })
      for (const chunk of reply.chunks) bytes += chunk.length
    }
    return answered
  }

  #finish(request: Pending): void {
    this.#pending.shift()
    this.#begun--
    request.reserved.budget.give(request.reserved.bytes)
    request.hold.release()
    request.next()
    if (this.#isDraining && this.#pending.length === 0) this.close()
    else if (this.#isPaused) this.#resumeReading()
  }

  #pauseReading(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#stream.pause()
  }

  #resumeReading(): void {
    const isOver = this.#isDraining || this.#isEnding || this.#isClosed
    if (!this.#isPaused || isOver || this.#muted !== undefined) return
    this.#isPaused = false
    this.#reader.proceed()
    if (!this.#isPaused) this.#stream.resume()
  }

  #oversized(size: number): void {
    const { remote } = this.peer
    const limit = this.#deps.frameBytesMax
    this.#deps.log.warn({ remote, size, limit }, 'request frame of an impossible size: closing')
    this.close()
  }

  #closed(error: Error | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#muted?.timer.cancel()
    this.#turn?.cancel()
    this.#gone.abort()
    if (error !== undefined) {
      this.#deps.log.debug({ remote: this.peer.remote, error: error.message }, 'connection lost')
    }
    this.#stopWaiting?.()
    this.#reserved?.budget.give(this.#reserved.bytes)
    this.#reserved = undefined
    // What a handler or the socket still uses is given back when they are done with it.
    for (const [index, request] of this.#pending.splice(0).entries()) {
      const isServed = index < this.#begun && request.reply === undefined
      if (!isServed && index >= this.#writing) giveUp(request)
    }
    this.#reader.close()
    this.#deps.closed(this)
  }
}

/** Gives back all that a request holds whose answer nobody reads any more. */
function giveUp(request: Pending): void {
  request.reserved.budget.give(request.reserved.bytes)
  if (typeof request.reply === 'object') request.reply.release?.()
  request.hold.release()
}
