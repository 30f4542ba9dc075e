/**
 * `npm run example:agent [-- --otlp http://HOST:4318 --kafka HOST:9092]`: without addresses it
 * starts a broker of its own on a temporary folder, and removes both at the end.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { question, runAgent } from './agent.ts'
import { drawTraces, readSpans } from './spans.ts'

const { values } = parseArgs({ options: { otlp: { type: 'string' }, kafka: { type: 'string' } } })

if (values.otlp !== undefined && values.kafka !== undefined) {
  await show(values.otlp, values.kafka)
} else {
  const folder = await mkdtemp(path.join(tmpdir(), 'karst-agent-'))
  const anyPort = '127.0.0.1:0'
  const main = path.resolve(import.meta.dirname, '../../src/main.ts')
  const listeners = [
    '--kafka',
    anyPort,
    '--http',
    anyPort,
    '--otlp-http',
    anyPort,
    '--registry',
    anyPort,
  ]
  const broker = spawn(process.execPath, [main, 'up', '--data', folder, ...listeners])
  try {
    const { kafka, otlp } = await readyAddresses(broker)
    await show(`http://${otlp}`, kafka)
  } finally {
    broker.kill('SIGTERM')
    if (broker.exitCode === null) await once(broker, 'exit')
    await rm(folder, { recursive: true, force: true })
  }
}

async function show(otlp: string, kafka: string): Promise<void> {
  console.log(`question: ${question}`)
  console.log(`answer:   ${await runAgent(otlp)}\n`)
  for (const line of drawTraces(await readSpans(kafka))) console.log(line)
}

async function readyAddresses(broker: ChildProcess): Promise<{ kafka: string; otlp: string }> {
  if (broker.stdout === null) throw new Error('the broker has no standard output')
  for await (const line of createInterface({ input: broker.stdout })) {
    const ready = /^ready kafka=(\S+) .*otlp=(?:http:\/\/)?(\S+)/.exec(line)
    if (ready !== null) return { kafka: ready[1] ?? '', otlp: ready[2] ?? '' }
  }
  throw new Error('the broker ended before it was ready')
}
