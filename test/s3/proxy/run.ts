/**
 * The fault-injecting proxy as a process of its own, until it is stopped.
 *
 * node test/s3/proxy/run.ts --target http://127.0.0.1:7070 --port 9000 --model
 *
 * --model            latencies of the fleet's model (PUT 40/150 ms, GET 20/80 ms)
 * --put 60,300       p50 and p99 of a PUT in milliseconds; --get likewise
 * --slow-down 0.01   so many requests answered with 503; --reset, --lose-answer, --hang likewise
 * --seed N           of what is left to chance
 *
 * `curl HOST:PORT/_proxy/counts` tells requests, bytes and faults so far.
 */
import { parseArgs } from 'node:util'
import type { LatencyShape } from '../../support/lognormal.ts'
import { setV8Flags } from '../../../src/v8-flags.ts'
import { modelLatency, S3Proxy } from '../../support/s3-proxy.ts'

const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    port: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    model: { type: 'boolean', default: false },
    put: { type: 'string' },
    get: { type: 'string' },
    'slow-down': { type: 'string', default: '0' },
    reset: { type: 'string', default: '0' },
    'lose-answer': { type: 'string', default: '0' },
    hang: { type: 'string', default: '0' },
  },
})
setV8Flags(0) // as brokers, its process has little heap and much on its way
if (values.target === undefined) throw new Error('--target http://HOST:PORT is needed')

function shapeOf(text: string): LatencyShape {
  const [p50Ms = 0, p99Ms = 0] = text.split(',').map(Number)
  if (p50Ms > 0 && p99Ms >= p50Ms) return { p50Ms, p99Ms }
  throw new Error(`${text}: a p50 and a p99 are needed, as in 40,150`)
}

const proxy = await S3Proxy.start({
  target: values.target,
  port: Number(values.port),
  seed: Number(values.seed),
  latency: {
    ...(values.model ? modelLatency : {}),
    ...(values.put === undefined ? {} : { PUT: shapeOf(values.put) }),
    ...(values.get === undefined ? {} : { GET: shapeOf(values.get) }),
  },
})
proxy.shares = [
  { share: Number(values['slow-down']), fault: { kind: 'slow-down' } },
  { share: Number(values.reset), fault: { kind: 'reset' } },
  { share: Number(values['lose-answer']), fault: { kind: 'lose-answer' } },
  { share: Number(values.hang), fault: { kind: 'hang' } },
]
console.log(`${proxy.endpoint} in front of ${values.target}`)
