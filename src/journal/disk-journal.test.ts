import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { systemClock } from '../base/system-clock.ts'
import { systemRandom } from '../base/system-random.ts'
import { MemoryDisk } from '../disk/memory-disk.ts'
import { nodeDisk } from '../disk/node-disk.ts'
import { journalContract } from './journal-contract.ts'

const root = await mkdtemp(join(tmpdir(), 'karst-journal-'))
let folders = 0
after(() => rm(root, { recursive: true }))

journalContract('journal on a real disk', () =>
  Promise.resolve({ disk: nodeDisk, folder: join(root, String(folders++)) }),
)

journalContract('journal in memory', () =>
  Promise.resolve({
    disk: new MemoryDisk({ clock: systemClock, random: systemRandom }),
    folder: 'journal',
  }),
)
