/**
 * Kafka Connect, distributed: a file goes line by line into a topic, each line exactly once
 * although the worker is killed (exactly.once.source.support, KIP-618), and from the topic into
 * another file. Then the sink's offsets are reset (KIP-875), and it writes all of it again.
 */
import assert from 'node:assert/strict'
import { appendFile, readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readAll } from '../support/clients/kcat.ts'
import { freePort } from '../support/kafka-process.ts'
import type { Program } from '../support/program.ts'
import { freshName } from '../support/target.ts'
import { until } from '../support/until.ts'
import { openJvm, writeProperties } from './jvm.ts'
import { sameList } from './same-list.ts'
import { createTopics, loseOneOfFleet, topicConfigs } from './world.ts'
import type { Scenario, World } from './world.ts'

const readyTimeoutMs = 120_000
const copyTimeoutMs = 120_000
const requestTimeoutMs = 30_000
const committed = ['isolation.level=read_committed']
const internal = ['configs', 'offsets', 'status'] as const

export const connect: Scenario = { name: 'connect', limitMs: () => 900_000, play }

interface Worker {
  rest: string
  settings: string
  program: Program
}

async function play(world: World): Promise<object> {
  const { bootstrap } = world.broker
  const lines = world.short ? 5_000 : 50_000
  const file = (name: string) => path.join(world.folder, name)
  const topic = freshName('lines')
  await createTopics(bootstrap, [{ topic, numPartitions: 1 }])
  let worker = await openWorker(world)
  await checkInternalTopics(bootstrap)
  await appendFile(file('source.txt'), linesOf(0, lines))
  await create(worker, 'source', {
    'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
    file: file('source.txt'),
    topic,
    'exactly.once.support': 'required',
  })
  const sink = {
    'connector.class': 'org.apache.kafka.connect.file.FileStreamSinkConnector',
    topics: topic,
    file: file('sink.txt'),
  }
  await create(worker, 'sink', sink)
  await untilLines(file('sink.txt'), Math.round(lines / 10))
  worker.program.signal('SIGKILL')
  await worker.program.exited
  world.say('worker killed')
  worker = await openWorker(world, worker)
  await appendFile(file('source.txt'), linesOf(lines, lines))
  await loseOneOfFleet(world)
  const all = linesOf(0, 2 * lines)
    .trimEnd()
    .split('\n')
  await untilLines(file('sink.txt'), all.length)
  const values = (await readAll(bootstrap, topic, committed)).map(({ value }) => value)
  sameList(values, all, 'lines in the topic')
  const doubled = await checkSink(file('sink.txt'), all)
  world.say(`${values.length} lines, each once; ${doubled} written again by the sink`)
  await writeAgain(worker, sink, file('again.txt'), all)
  world.say('written again after a reset of the offsets')
  const exit = await worker.program.stop(60_000)
  assert.notEqual(exit.signal, 'SIGKILL', 'the worker stops when it is asked to')
  return { lines: values.length, doubledBySink: doubled }
}

function linesOf(first: number, count: number): string {
  return Array.from({ length: count }, (_, at) => `line ${first + at} of the file\n`).join('')
}

async function openWorker(world: World, before?: Worker): Promise<Worker> {
  const port = await freePort()
  const rest = before?.rest ?? `http://127.0.0.1:${port}`
  const settings = before?.settings ?? (await workerSettings(world, rest))
  const main = 'org.apache.kafka.connect.cli.ConnectDistributed'
  const { folder } = world
  const timeoutMs = connect.limitMs(world)
  const program = await openJvm('connect-worker', main, [settings], { folder, timeoutMs })
  const worker = { rest, settings, program }
  await until(
    async () => {
      if (program.exit !== undefined) throw new Error(`the worker ended: ${program.errors}`)
      await sleep(500)
      return fetch(`${rest}/connectors`, { signal: AbortSignal.timeout(requestTimeoutMs) }).then(
        ({ ok }) => ok,
        () => false,
      )
    },
    readyTimeoutMs,
    () => `the worker does not answer: see ${folder}/connect-worker.log`,
  )
  world.say('worker is ready')
  return worker
}

function workerSettings({ broker, folder }: World, rest: string): Promise<string> {
  const converter = 'org.apache.kafka.connect.storage.StringConverter'
  const topics = [
    ['config.storage.topic', 'connect-configs'],
    ['offset.storage.topic', 'connect-offsets'],
    ['status.storage.topic', 'connect-status'],
    ['config.storage.replication.factor', '1'],
    ['offset.storage.replication.factor', '1'],
    ['status.storage.replication.factor', '1'],
  ]
  return writeProperties(folder, 'worker.properties', {
    'bootstrap.servers': broker.bootstrap,
    'group.id': 'connect',
    listeners: rest,
    'key.converter': converter,
    'value.converter': converter,
    ...Object.fromEntries(topics),
    'exactly.once.source.support': 'enabled',
    'consumer.isolation.level': 'read_committed', // else sinks get what was aborted, too
    'offset.flush.interval.ms': '1000',
    'plugin.discovery': 'service_load', // scanning the class path takes a minute
    // The group waits this long for a worker that was killed, and hands out its tasks then.
    'session.timeout.ms': '6000',
    'heartbeat.interval.ms': '2000',
    'scheduled.rebalance.max.delay.ms': '1000',
  })
}

/** What Connect made for itself; it refuses to start when the broker says anything else. */
async function checkInternalTopics(bootstrap: string): Promise<void> {
  for (const name of internal) {
    const configs = await topicConfigs(bootstrap, `connect-${name}`)
    assert.equal(configs.get('cleanup.policy'), 'compact', `connect-${name}`)
  }
}

async function create(worker: Worker, name: string, config: object): Promise<void> {
  const all = { name, 'tasks.max': '1', ...config }
  await ask(worker, 'PUT', `connectors/${name}/config`, all)
  await untilTask(worker, name, 'RUNNING')
}

async function untilTask(worker: Worker, name: string, state: string): Promise<void> {
  let seen = ''
  await until(
    async () => {
      await sleep(250)
      const status = await ask(worker, 'GET', `connectors/${name}/status`).catch(String)
      seen = JSON.stringify(status)
      if (seen.includes('"FAILED"')) throw new Error(`${name} failed: ${seen}`)
      const { connector, tasks } = status as Status
      if (state === 'STOPPED') return connector?.state === state && tasks?.length === 0
      return tasks?.[0]?.state === state
    },
    readyTimeoutMs,
    () => `${name} is not ${state}: ${seen}`,
  )
}

interface Status {
  connector?: { state: string }
  tasks?: { state: string }[]
}

/** A worker that takes part in a rebalance answers 409: it is asked again. */
async function ask(worker: Worker, method: string, where: string, body?: object): Promise<unknown> {
  const deadline = performance.now() + readyTimeoutMs
  for (;;) {
    const response = await fetch(`${worker.rest}/${where}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(requestTimeoutMs),
    })
    const text = await response.text()
    if (response.ok) return text === '' ? undefined : JSON.parse(text)
    if (response.status !== 409 || performance.now() > deadline) {
      throw new Error(`${method} ${where}: ${response.status} ${text}`)
    }
    await sleep(500)
  }
}

async function linesIn(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').slice(0, -1)
}

async function untilLines(file: string, count: number): Promise<void> {
  let seen = 0
  await until(
    async () => {
      await sleep(200)
      seen = new Set(await linesIn(file)).size
      return seen >= count
    },
    copyTimeoutMs,
    () => `${seen} of ${count} lines in ${file}`,
  )
}

/**
 * A file sink writes at least once: what it had written and not committed when it was killed
 * comes again. Resolves with how many lines did. The first of each must be the file in order.
 */
async function checkSink(file: string, all: string[]): Promise<number> {
  const written = await linesIn(file)
  sameList([...new Set(written)], all, 'lines that the sink wrote')
  return written.length - all.length
}

async function writeAgain(
  worker: Worker,
  sink: object,
  file: string,
  all: string[],
): Promise<void> {
  await ask(worker, 'PUT', 'connectors/sink/stop')
  await untilTask(worker, 'sink', 'STOPPED')
  await ask(worker, 'DELETE', 'connectors/sink/offsets')
  const config = { name: 'sink', 'tasks.max': '1', ...sink, file }
  await ask(worker, 'PUT', 'connectors/sink/config', config)
  await ask(worker, 'PUT', 'connectors/sink/resume')
  await untilTask(worker, 'sink', 'RUNNING')
  await untilLines(file, all.length)
  sameList(await linesIn(file), all, 'lines that the sink wrote again')
}
