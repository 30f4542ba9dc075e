/**
 * Everything retained is read again while others write and follow: what the followers notice, and
 * how fast the replay is. The data are larger than all caches of a broker together, and packed.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopic } from './client.ts'
import { FleetSite, zones } from './fleet-site.ts'
import { newFolder, removeFolder } from './karst.ts'
import { openLoad, type OpenLoad } from './open-loop.ts'
import { probe, type Probed, quantilesText } from './probe.ts'
import { consumeLoad, follow } from './rdkafka.ts'
import type { Bench, Section } from './section.ts'

const partitions = 24
const mebibyte = 1024 * 1024
const flags = [
  ...['--tail-cache-bytes', String(32 * mebibyte), '--block-cache-bytes', String(64 * mebibyte)],
  ...['--journal-cache-bytes', String(32 * mebibyte), '--pack-window-ms', '5000'],
]
/** 30 MB/s for half a minute: seven times the caches. */
const fill = { recordsPerBatch: 64, recordBytes: 1_020, connections: 4, seconds: 30 }
const fillRate = 10e6
const filledRecords = Math.floor((zones.length * fillRate * fill.seconds) / fill.recordBytes)
/** Of those who write meanwhile, at each broker. */
const steady = { recordsPerBatch: 16, recordBytes: 1_020, connections: 2, rate: 30 }
const probesPerSecond = 40
const warmUpSeconds = 5
const probeSeconds = 25

export const replaySection: Section = {
  name: 'replay',
  async run(bench) {
    const folder = await newFolder('replay')
    const site = await FleetSite.start(flags)
    try {
      await createTopic(site.portOf(0), 'old', partitions)
      await createTopic(site.portOf(0), 'tail', partitions)
      for (const name of ['quiet', 'beside']) await createTopic(site.portOf(0), name, 1)
      const rate = fillRate / (fill.recordsPerBatch * fill.recordBytes) / fill.connections
      await everywhere(bench, site, { ...fill, topic: 'old', rate, partitions, folder })
      await sleep(15_000) // packed, and quiet again
      await measure(bench, site, folder)
    } finally {
      await site.close()
      await removeFolder(folder)
    }
  },
}

async function everywhere(
  { programs }: Bench,
  site: FleetSite,
  load: Omit<OpenLoad, 'port' | 'warmUpSeconds'>,
): Promise<void> {
  const own = { ...load, warmUpSeconds: 0 }
  await Promise.all(
    zones.map((_, at) => openLoad(programs.openLoop, { ...own, port: site.portOf(at) })),
  )
}

async function measure(bench: Bench, site: FleetSite, folder: string): Promise<void> {
  const { programs, figures, say } = bench
  const { bootstrap } = site.fleet
  const seconds = 3 * (warmUpSeconds + probeSeconds)
  const writing = everywhere(bench, site, { ...steady, topic: 'tail', partitions, folder, seconds })
  writing.catch(() => undefined) // awaited below
  const readers = zones.map((zone) =>
    follow(programs.rdkafka, { bootstrap, topic: 'tail', partitions, zone }),
  )
  const quiet = await probed(site, 'quiet')
  // A little less than there is: at the very end the client polls in steps of a second.
  const records = Math.floor(filledRecords * 0.97)
  const load = { bootstrap, topic: 'old', partitions, records }
  const replaying = Promise.all(
    zones.map((zone) => consumeLoad(programs.rdkafka, { ...load, zone })),
  )
  replaying.catch(() => undefined) // awaited below
  const beside = await probed(site, 'beside')
  const speeds = await replaying
  await writing
  await Promise.all(readers.map((each) => each.stop()))
  const speed = speeds.reduce((sum, each) => sum + each.megabytesPerSecond, 0)
  const ratio = beside.produce.p99 / quiet.produce.p99
  const followers = beside.endToEnd.p99 / quiet.endToEnd.p99
  figures.add('replay', 'catch-up of three zones', 'MB/s', speed)
  figures.add('replay', 'produce p99, quiet', 'ms', quiet.produce.p99)
  figures.add('replay', 'produce p99, beside a replay', 'ratio', ratio, { atMost: 1.2 })
  figures.add('replay', 'end to end p99, quiet', 'ms', quiet.endToEnd.p99)
  figures.add('replay', 'end to end p99, beside a replay', 'ratio', followers, { atMost: 1.2 })
  say(`quiet: end to end ${quantilesText(quiet.endToEnd)}`)
  say(`beside a replay of ${speed.toFixed(0)} MB/s: ${quantilesText(beside.endToEnd)}`)
}

function probed(site: FleetSite, topic: string): Promise<Probed> {
  const [from = '', to = ''] = site.brokers.map(({ bootstrap }) => bootstrap)
  const times = { warmUpSeconds, seconds: probeSeconds }
  return probe({ topic, from, to, perSecond: probesPerSecond, recordBytes: 500, ...times })
}
