/** Many groups that commit, and one large group that rebalances. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopic } from './client.ts'
import { medianOf } from './figures.ts'
import { GroupMember } from './group-member.ts'
import { Karst, newFolder, RecycledFiles, removeFolder } from './karst.ts'
import { residentMb, shares } from './machine.ts'
import { type Bench, type Section, sharesText } from './section.ts'

const topic = 'bench'
const groups = 500
const membersOfGroup = 4
const commitEveryMs = 1_000
const seconds = 10
/** Groups that are joined at the same time while the load is prepared. */
const joinsTogether = 25
const largeGroup = 200
/** How often a member asks whether it must join again, while its group is not settled. */
const beatEveryMs = 50

export const groupsSection: Section = {
  name: 'groups',
  async run(bench) {
    const folder = await newFolder('groups')
    const recycled = new RecycledFiles()
    await recycled.lendTo(folder)
    const broker = await Karst.start(folder, bench.subject.options)
    try {
      await createTopic(broker.port, topic, membersOfGroup)
      await commitLoad(bench, broker)
      await rebalance(bench, broker)
    } finally {
      await broker.stop()
      await recycled.takeBack(folder)
      await removeFolder(folder)
    }
  },
}

async function commitLoad({ figures, subject, say }: Bench, broker: Karst): Promise<void> {
  const members: GroupMember[] = []
  for (let at = 0; at < groups; at += joinsTogether) {
    const names = Array.from({ length: joinsTogether }, (_, index) => `group-${at + index}`)
    const joined = await Promise.all(names.map((name) => joinAll(broker.port, name)))
    members.push(...joined.flat())
  }
  const latencies: number[] = []
  const measured = await shares(broker.pid, () =>
    Promise.all(members.map((member, index) => commitAgain(member, index, latencies))),
  )
  for (const member of members) member.close()
  const sorted = latencies.toSorted((a, b) => a - b)
  const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN
  const name = `${subject.label}${groups} groups of ${membersOfGroup}, a commit a second each`
  figures.add('groups', `${name}: p50`, 'ms', medianOf(sorted))
  figures.add('groups', `${name}: p99`, 'ms', p99)
  const cores = measured.brokerCpu / measured.seconds
  figures.add('groups', `${name}: broker CPU`, '% of a core', cores * 100)
  figures.add('groups', `${name}: resident memory`, 'MB', residentMb(broker.pid))
  figures.add('groups', `${name}: noise`, '%', measured.noise * 100)
  const times = `p50 ${medianOf(sorted).toFixed(2)}, p99 ${p99.toFixed(2)} ms`
  say(`${name}: ${times}, ${sorted.length} commits; ${sharesText(measured)}`)
}

async function joinAll(port: number, name: string): Promise<GroupMember[]> {
  const members = await Promise.all(
    Array.from({ length: membersOfGroup }, () => GroupMember.open(port, name)),
  )
  await settle(members)
  return members
}

/** Commits once a second, each member at its own moment of it, whatever the last one took. */
async function commitAgain(member: GroupMember, index: number, latencies: number[]): Promise<void> {
  const begun = performance.now() + (index * commitEveryMs) / (groups * membersOfGroup)
  const running: Promise<void>[] = []
  for (let round = 0; round < seconds; round++) {
    const due = begun + round * commitEveryMs
    await sleep(Math.max(0, due - performance.now()))
    const asked = performance.now()
    const commit = member.commit(topic, index % membersOfGroup, round)
    running.push(commit.then(() => void latencies.push(performance.now() - asked)))
  }
  await Promise.all(running)
}

/** Every member joins, and again whenever it is told to, until all are of one generation. */
async function settle(members: readonly GroupMember[]): Promise<void> {
  const isSettled = (): boolean => {
    const ids = new Set(members.map(({ generationId }) => generationId))
    return ids.size === 1 && !ids.has(-1)
  }
  const run = async (member: GroupMember): Promise<void> => {
    await member.join()
    while (!isSettled()) {
      await sleep(beatEveryMs)
      if (await member.mustRejoin()) await member.join()
    }
  }
  await Promise.all(members.map((member) => run(member)))
}

async function rebalance({ figures, subject, say }: Bench, broker: Karst): Promise<void> {
  const open = (): Promise<GroupMember> => GroupMember.open(broker.port, 'large')
  const members = await Promise.all(Array.from({ length: largeGroup }, open))
  const together = performance.now()
  await settle(members)
  const fromNothing = performance.now() - together
  const late = await open()
  const begun = performance.now()
  await Promise.all([late.join(), ...members.map((member) => rejoinWhenTold(member))])
  const took = performance.now() - begun
  for (const member of [...members, late]) member.close()
  const name = `${subject.label}a group of ${largeGroup}`
  figures.add('groups', `${name}: all join at once`, 'ms', fromNothing)
  figures.add('groups', `${name}: one more joins, all agree`, 'ms', took)
  say(`${name}: at once ${fromNothing.toFixed(0)} ms, one more ${took.toFixed(0)} ms`)
}

async function rejoinWhenTold(member: GroupMember): Promise<void> {
  while (!(await member.mustRejoin())) await sleep(beatEveryMs)
  await member.join()
}
