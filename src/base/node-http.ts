/**
 * Servers of node:http, not through its ES module: that one evaluates every export, also the lazy
 * `WebSocket`, and with it loads undici: 35 ms of start-up and 16 MB that nobody here needs.
 */
import type * as Http from 'node:http'

export const createHttpServer: typeof Http.createServer =
  process.getBuiltinModule('node:http').createServer
