/**
 * A Kafka Streams application with exactly_once_v2: a repartition topic, a state store with its
 * changelog, two threads. It is killed and started again while records come; its output must tell
 * of every record once.
 */
import assert from 'node:assert/strict'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomBelow } from '../../src/base/random.ts'
import { faultsOf, judge } from '../support/acknowledged.ts'
import { readAll } from '../support/clients/kcat.ts'
import { openJavaProducer } from '../support/clients/verifiable.ts'
import type { Program } from '../support/program.ts'
import type { SeenRecord } from '../support/record.ts'
import { freshName } from '../support/target.ts'
import { until } from '../support/until.ts'
import { compileJava, openJvm } from './jvm.ts'
import { createTopics, loseOneOfFleet, topicConfigs, withAdmin } from './world.ts'
import type { Run, Scenario, World } from './world.ts'

const partitions = 4
const perSecond = 500
const buckets = 50 // as in CountApp.java
const runningTimeoutMs = 90_000
const catchUpTimeoutMs = 180_000
const workMsMin = 1_000
const workMsMax = 4_000
const committed = ['isolation.level=read_committed']

export const streams: Scenario = {
  name: 'streams',
  limitMs: (run) => 600_000 + roundsOf(run) * (runningTimeoutMs + workMsMax),
  play,
}

function roundsOf({ rounds, short }: Run): number {
  return rounds ?? (short ? 2 : 10)
}

interface Application {
  id: string
  input: string
  output: string
}

async function play(world: World): Promise<object> {
  const { bootstrap } = world.broker
  await compileJava('CountApp.java')
  const [id, input, output] = [freshName('count'), freshName('numbers'), freshName('counts')]
  const application = { id, input, output }
  await createTopics(bootstrap, [
    { topic: input, numPartitions: partitions },
    { topic: output, numPartitions: partitions },
  ])
  const timeoutMs = streams.limitMs(world)
  const load = { bootstrap, topic: input, partitions, perSecond, timeoutMs }
  const feeder = await openJavaProducer(load)
  const rounds = roundsOf(world)
  for (let round = 1; round <= rounds; round++) {
    const program = await openApplication(world, application)
    await untilMore(world, application)
    await loseOneOfFleet(world)
    await sleep(workMsMin + randomBelow(world.random, workMsMax - workMsMin))
    program.signal('SIGKILL')
    await program.exited
    world.say(`round ${round}: killed, ${feeder.acknowledgedCount()} written`)
  }
  const last = await openApplication(world, application)
  await feeder.stop()
  const written = await readAll(bootstrap, input, committed)
  assert.deepEqual(faultsOf(judge(feeder.acknowledged(), written)), [], 'what was to be counted')
  world.say(`${written.length} written, counting the rest`)
  await untilCounted(world, application, written.length, last)
  const purged = await checkInternalTopics(bootstrap, id)
  const exit = await last.stop(60_000)
  assert.notEqual(exit.signal, 'SIGKILL', 'the application stops when it is asked to')
  const counted = await readAll(bootstrap, output, committed)
  compare(written, counted)
  world.say(`${counted.length} counts, all exact`)
  return { rounds, counted: counted.length, purged }
}

async function openApplication(world: World, application: Application): Promise<Program> {
  const { id, input, output } = application
  const state = path.join(world.folder, 'state')
  const args = [world.broker.bootstrap, id, input, output, state]
  const timeoutMs = streams.limitMs(world)
  const program = await openJvm('count-app', 'CountApp', args, {
    folder: world.folder,
    timeoutMs,
  })
  const settled = (line: string) => line === 'state RUNNING' || line.startsWith('error ')
  const line = await program.line(settled, runningTimeoutMs)
  if (line.startsWith('error ')) throw new Error(`the application failed: ${line}`)
  return program
}

/** A round in which nothing was counted would show nothing. */
async function untilMore({ broker }: World, { output }: Application): Promise<void> {
  const written = () =>
    withAdmin(broker.bootstrap, async (admin) => {
      const ends = await admin.fetchTopicOffsets(output)
      return ends.reduce((sum, { high }) => sum + Number(high), 0)
    })
  const before = await written()
  await until(
    async () => (await written()) > before,
    runningTimeoutMs,
    () => 'the application counts nothing',
  )
}

async function untilCounted(
  { broker }: World,
  { output }: Application,
  count: number,
  program: Program,
): Promise<void> {
  let seen = 0
  await until(
    async () => {
      const failure = program.lines.find((line) => line.startsWith('error '))
      if (failure !== undefined) throw new Error(`the application failed: ${failure}`)
      await sleep(1_000)
      seen = (await readAll(broker.bootstrap, output, committed)).length
      return seen >= count
    },
    catchUpTimeoutMs,
    () => `${seen} of ${count} counted`,
  )
}

/** Resolves with how many records of the repartition topic were purged. */
async function checkInternalTopics(bootstrap: string, id: string): Promise<number> {
  const changelog = await topicConfigs(bootstrap, `${id}-counts-changelog`)
  assert.equal(changelog.get('cleanup.policy'), 'compact')
  const repartition = await topicConfigs(bootstrap, `${id}-buckets-repartition`)
  assert.equal(repartition.get('cleanup.policy'), 'delete')
  assert.equal(repartition.get('retention.ms'), '-1')
  const offsets = await withAdmin(bootstrap, (admin) =>
    admin.fetchTopicOffsets(`${id}-buckets-repartition`),
  )
  assert.equal(offsets.length, 3)
  const purged = offsets.reduce((sum, { low }) => sum + Number(low), 0)
  assert.ok(purged > 0, 'nothing of the repartition topic was purged')
  return purged
}

/** Each bucket's counts go up by one, and its sum at the end is that of its numbers. */
function compare(written: SeenRecord[], counted: SeenRecord[]): void {
  const sums = new Map<string, { count: number; sum: number }>()
  for (const { value } of written) {
    const number = Number(value?.slice(value.indexOf('.') + 1))
    const bucket = `bucket-${number % buckets}`
    const { count, sum } = sums.get(bucket) ?? { count: 0, sum: 0 }
    sums.set(bucket, { count: count + 1, sum: sum + number })
  }
  const told = new Map<string, { count: number; sum: number }>()
  for (const { key, value, partition, offset } of counted) {
    const [count = 0, sum = 0] = (value ?? '').split(' ').map(Number)
    const before = told.get(key ?? '')?.count ?? 0
    const place = `${partition}:${offset}`
    assert.equal(count, before + 1, `${key} at ${place}: ${before} was followed by ${count}`)
    told.set(key ?? '', { count, sum })
  }
  for (const [bucket, sum] of sums) assert.deepEqual(told.get(bucket), sum, bucket)
  assert.equal(told.size, sums.size)
}
