/** From the start of the process to the ready line on a folder with data, and memory when idle. */
import { cp, mkdir, symlink } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkout, nodeProgram } from '../test/support/broker-process.ts'
import { run } from '../test/support/program.ts'
import { createTopic } from './client.ts'
import type { Target } from './figures.ts'
import { Karst, newFolder, removeFolder } from './karst.ts'
import { residentMb } from './machine.ts'
import { produceLoad } from './rdkafka.ts'
import type { Bench, Section } from './section.ts'

interface Kind {
  readonly name: string
  readonly readyMs: Target
  readonly idleMb: Target
}

const fromCheckout = { name: 'checkout', readyMs: { atMost: 400 }, idleMb: { atMost: 120 } }
const fromBundle = { name: 'bundle', readyMs: { atMost: 150 }, idleMb: { atMost: 90 } }
const idleSeconds = 2
const records = 100_000

export const startSection: Section = {
  name: 'start',
  async run(bench) {
    const home = bench.subject.options.home ?? checkout
    const bundle = await layOutBundle(home)
    const folder = await newFolder('start')
    try {
      await fillFolder(bench, folder, home)
      await measure(bench, fromCheckout, folder, home)
      await measure(bench, fromBundle, folder, bundle)
    } finally {
      await removeFolder(folder)
      await removeFolder(bundle)
    }
  },
}

/** What `npm pack` takes, without tsconfig.json: bin/karst then runs what was built. */
async function layOutBundle(home: string): Promise<string> {
  const build = [path.join(home, 'tools/build.ts')]
  await run('build', nodeProgram, build, { cwd: home, timeoutMs: 60_000 })
  const bundle = await newFolder('bundle')
  await mkdir(bundle, { recursive: true })
  for (const name of ['bin', 'dist', 'package.json']) {
    await cp(path.join(home, name), path.join(bundle, name), { recursive: true })
  }
  await symlink(path.join(home, 'node_modules'), path.join(bundle, 'node_modules'))
  return bundle
}

async function fillFolder(bench: Bench, folder: string, home: string): Promise<void> {
  const broker = await Karst.start(folder, { home })
  try {
    await createTopic(broker.port, 'bench', 12)
    const load = { bootstrap: broker.bootstrap, topic: 'bench', batchBytes: 65_536, records }
    await produceLoad(bench.programs.rdkafka, load)
  } finally {
    await broker.stop()
  }
}

async function measure(bench: Bench, kind: Kind, folder: string, home: string): Promise<void> {
  const { figures, subject, say } = bench
  const options = { home, entry: 'bin/karst' }
  // Node keeps what it compiled: the first start of a version pays for all later ones.
  await (await Karst.start(folder, options)).stop()
  const broker = await Karst.start(folder, options)
  try {
    const { readyMs } = broker
    await sleep(idleSeconds * 1_000)
    const idleMb = residentMb(broker.pid)
    const name = `${subject.label}from the ${kind.name}`
    figures.add('start', `${name}: to ready`, 'ms', readyMs, kind.readyMs)
    figures.add('start', `${name}: idle memory`, 'MB', idleMb, kind.idleMb)
    say(`${name}: ready after ${readyMs.toFixed(0)} ms, ${idleMb.toFixed(0)} MB`)
  } finally {
    await broker.stop()
  }
}
