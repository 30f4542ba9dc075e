/** Real TCP to a broker. The one file of this folder that knows node:net. */
import { connect } from 'node:net'
import { Failure } from '../base/errors.ts'
import { formatAddress } from '../config/address.ts'
import type { Dial, DialedStream } from './dial.ts'

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'unknown host',
  EAI_AGAIN: 'the name of the host cannot be resolved now',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to its network',
}

export const nodeDial: Dial = (address, timeoutMs, sink) => {
  const { promise, resolve, reject } = Promise.withResolvers<DialedStream>()
  const socket = connect({ ...address, noDelay: true, keepAlive: true })
  let isConnected = false
  let failure: Error | undefined
  const at = formatAddress(address)
  const fail = (why: string, cause?: Error): void => {
    reject(new Failure('unavailable', `${at} does not answer: ${why}`, cause))
    socket.destroy()
  }
  socket.setTimeout(timeoutMs, () => {
    if (!isConnected) fail(`no connection within ${timeoutMs} ms`)
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failure = error
    if (!isConnected) fail(reasons[error.code ?? ''] ?? (error.code || error.message), error)
  })
  socket.on('data', (bytes) =>
    sink.received(typeof bytes === 'string' ? Buffer.from(bytes) : bytes),
  )
  socket.on('close', () => {
    if (isConnected) sink.closed(failure)
  })
  socket.on('connect', () => {
    isConnected = true
    socket.setTimeout(0)
    resolve({
      write(chunks) {
        if (socket.destroyed) return
        socket.cork()
        for (const chunk of chunks) socket.write(chunk)
        socket.uncork()
      },
      close: () => socket.destroy(),
    })
  })
  return promise
}
