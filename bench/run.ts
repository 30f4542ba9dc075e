/**
 * `npm run bench`: speed, latency, CPU and memory of a broker under clients that nobody here wrote.
 * Prints the machine, every measurement, and minimum, median and maximum of each figure. It passes
 * whatever the figures are: docs/benchmarks.md says how to read them.
 */
import { writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { checkout, nodeProgram } from '../test/support/broker-process.ts'
import { catalogSection } from './catalog.ts'
import { contractSection } from './contract.ts'
import { doctorSection } from './doctor.ts'
import { fetchSection } from './fetch.ts'
import { Figures } from './figures.ts'
import { fleetSection } from './fleet.ts'
import { groupsSection } from './groups.ts'
import { latencySection, slowSection } from './latency.ts'
import { describeMachine } from './machine.ts'
import { memorySection } from './memory.ts'
import { partitionsSection } from './partitions.ts'
import { produceSection } from './produce.ts'
import { buildPrograms } from './programs.ts'
import { replaySection } from './replay.ts'
import type { Section, Subject } from './section.ts'
import { startSection } from './start.ts'
import { transactionsSection } from './transactions.ts'

const usage = `npm run bench -- [flags]
  --only a,b       sections: start, latency, slow, produce, fetch, groups, memory,
                   transactions, catalog, fleet, replay, partitions, doctor, contract
                   (default: all)
  --match TEXT     of produce and fleet, only what has TEXT in its name, such as '1 MiB, 12'
  --rounds N       how often each section runs (default: 5)
  --json FILE      every value of every figure
  --against DIR    another checkout of Karst, measured in turns with this one
  --node-flag F    given to Node when it runs the broker, such as --cpu-prof; may be repeated`

const sections = [
  startSection,
  latencySection,
  slowSection,
  produceSection,
  fetchSection,
  groupsSection,
  memorySection,
  transactionsSection,
  catalogSection,
  fleetSection,
  replaySection,
  partitionsSection,
  doctorSection,
  contractSection,
]

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    match: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
    against: { type: 'string' },
    'node-flag': { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
})

function chosen(only: string | undefined): readonly Section[] {
  if (only === undefined) return sections
  return only.split(',').map((name) => {
    const section = sections.find((each) => each.name === name)
    if (section === undefined) throw new Error(`no section ${name}\n${usage}`)
    return section
  })
}

function subjects(): readonly Subject[] {
  const nodeFlags = values['node-flag']
  const { against } = values
  if (against === undefined) return [{ label: '', options: { nodeFlags } }]
  return [
    { label: 'A: ', options: { nodeFlags } },
    { label: 'B: ', options: { nodeFlags, home: against } },
  ]
}

async function main(): Promise<void> {
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds ${values.rounds}: ${usage}`)
  const machine = describeMachine(checkout, nodeProgram)
  for (const [name, value] of Object.entries(machine)) console.log(`${name}: ${value}`)
  console.log(
    `load: ${loadavg()
      .map((each) => each.toFixed(1))
      .join(' ')}`,
  )
  const programs = await buildPrograms()
  const figures = new Figures()
  const begun = performance.now()
  const failed: string[] = []
  for (let round = 1; round <= rounds; round++) {
    for (const section of chosen(values.only)) {
      for (const subject of subjects()) {
        const at = ((performance.now() - begun) / 1000).toFixed(0)
        const say = (line: string): void => console.log(`${at} s, round ${round}: ${line}`)
        try {
          await section.run({ programs, figures, round, subject, match: values.match, say })
        } catch (error) {
          failed.push(`${subject.label}${section.name}, round ${round}`)
          console.log(`FAILED ${failed.at(-1)}: ${String(error)}`)
        }
      }
    }
  }
  console.log(`\n${figures.table()}`)
  const minutes = (performance.now() - begun) / 60_000
  console.log(`\n${minutes.toFixed(1)} minutes; ${failed.length} measurements failed`)
  if (values.json !== undefined) {
    const whole = { machine, rounds, failed, figures: figures.summaries() }
    await writeFile(values.json, `${JSON.stringify(whole, null, 2)}\n`)
  }
  if (failed.length > 0) process.exitCode = 1
}

if (values.help) console.log(usage)
else await main()
