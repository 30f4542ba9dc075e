/**
 * Kafka's transactional copiers (the recipe of its system tests): four copy a topic, a partition
 * each, in transactions that carry their offsets, and abort a third of them at random. Every few
 * seconds a copier and the broker are killed. What was copied must then be what was written:
 * every record once, in its order.
 *
 * Then the same with the four as one consumer group, fenced by its metadata (KIP-447).
 */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomBelow } from '../../src/base/random.ts'
import { faultsOf, judge } from '../support/acknowledged.ts'
import { readAll } from '../support/clients/kcat.ts'
import { openJavaProducer } from '../support/clients/verifiable.ts'
import type { SeenRecord } from '../support/record.ts'
import { freshName } from '../support/target.ts'
import { until } from '../support/until.ts'
import { Copier } from './copier.ts'
import type { CopierPlan } from './copier.ts'
import { sameList } from './same-list.ts'
import { createTopics, withAdmin } from './world.ts'
import type { Run, Scenario, World } from './world.ts'

const partitions = 4
const perSecond = 1_500
const roundMs = 5_000
const restartMsMax = 60_000
/** A group waits 10 s for a killed member, so it could not go on if one fell in every round. */
const groupKillsEvery = 3
/** Enough that every partition gets some. */
const firstRecords = 2_000
const committed = ['isolation.level=read_committed']

export const copiers: Scenario = {
  name: 'copiers',
  limitMs: (run) => {
    const rounds = roundsOf(run, 'partition') + roundsOf(run, 'group')
    return 900_000 + rounds * (roundMs + restartMsMax)
  },
  play: async (world) => ({
    partition: await copy(world, 'partition'),
    group: await copy(world, 'group'),
  }),
}

type Mode = CopierPlan['mode']

function roundsOf({ rounds, short }: Run, mode: Mode): number {
  if (mode === 'group') return Math.max(1, Math.round((rounds ?? (short ? 2 : 20)) / 2))
  return rounds ?? (short ? 3 : 20)
}

interface CopySummary {
  rounds: number
  copied: number
  copierRuns: number
  copiersKilled: number
  /** Copiers that gave up by themselves, as they may: a transaction timed out, say. */
  copiersFailed: number
}

async function copy(world: World, mode: Mode): Promise<CopySummary> {
  const { broker, say } = world
  const { bootstrap } = broker
  const [input, output] = [freshName(`in-${mode}`), freshName(`out-${mode}`)]
  await createTopics(bootstrap, [
    { topic: input, numPartitions: partitions },
    { topic: output, numPartitions: partitions },
  ])
  const rounds = roundsOf(world, mode)
  const timeoutMs = copiers.limitMs(world)
  const feeder = await openJavaProducer({
    bootstrap,
    topic: input,
    partitions,
    perSecond,
    timeoutMs,
  })
  const group = freshName('copiers')
  const { target, folder } = world
  const plan = { target, bootstrap, input, output, group, mode, timeoutMs, folder }
  const all = Array.from({ length: partitions }, (_, partition) => new Copier(plan, partition))
  const running = Promise.all(all.map((copier) => copier.keepRunning()))
  running.catch(() => {}) // it is awaited below, when all rounds are through
  say(`${mode}: ${partitions} copiers, ${rounds} rounds`)
  await until(
    () => feeder.acknowledgedCount() >= firstRecords,
    restartMsMax,
    () => 'nothing can be written',
  )
  for (let round = 1; round <= rounds; round++) {
    await Promise.race([sleep(roundMs), running])
    const victim = all[randomBelow(world.random, partitions)]
    const falls = mode === 'partition' || round % groupKillsEvery === 0
    if (falls) victim?.kill()
    await broker.kill()
    await broker.restart()
    const who = falls ? `copier ${victim?.partition} and the broker` : 'the broker'
    say(
      `${mode}: round ${round}: ${who} killed, ready after ${Math.round(broker.readyMs)} ms, ` +
        `${feeder.acknowledgedCount()} written`,
    )
  }
  await feeder.stop()
  say(`${mode}: all ${feeder.acknowledgedCount()} written, copying the rest`)
  for (const copier of all) copier.finish()
  await running
  const written = await readAll(bootstrap, input, committed)
  const faults = faultsOf(judge(feeder.acknowledged(), written))
  assert.deepEqual(faults, [], 'what the copiers had to copy')
  compare(written, await readAll(bootstrap, output, committed))
  await checkOffsets(bootstrap, group, input)
  say(`${mode}: ${written.length} copied, each once`)
  const sum = (of: (copier: Copier) => number) => all.reduce((total, one) => total + of(one), 0)
  return {
    rounds,
    copied: written.length,
    copierRuns: sum(({ runs }) => runs),
    copiersKilled: sum(({ killed }) => killed),
    copiersFailed: sum(({ failed }) => failed),
  }
}

/** Copiers keep the partition of a record, and so its order. */
function compare(written: SeenRecord[], copied: SeenRecord[]): void {
  for (let partition = 0; partition < partitions; partition++) {
    const [there, here] = [valuesOf(written, partition), valuesOf(copied, partition)]
    const seen = new Set(here)
    const missing = there.filter((value) => !seen.has(value))
    assert.deepEqual(missing.slice(0, 3), [], `${missing.length} missing in ${partition}`)
    const twice = here.length - seen.size
    assert.equal(twice, 0, `${twice} of ${here.length} copied twice in ${partition}`)
    sameList(here, there, `copies of partition ${partition}`)
  }
}

function valuesOf(records: SeenRecord[], partition: number): (string | null)[] {
  return records
    .filter((record) => record.partition === partition)
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ value }) => value)
}

async function checkOffsets(bootstrap: string, group: string, input: string): Promise<void> {
  await withAdmin(bootstrap, async (admin) => {
    const ends = await admin.fetchTopicOffsets(input)
    const [fetched] = await admin.fetchOffsets({ groupId: group, topics: [input] })
    const at = new Map(fetched?.partitions.map(({ partition, offset }) => [partition, offset]))
    for (const { partition, high } of ends) {
      assert.equal(at.get(partition), high, `committed offset of partition ${partition}`)
    }
  })
}
