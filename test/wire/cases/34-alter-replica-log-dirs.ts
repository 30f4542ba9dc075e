/** AlterReplicaLogDirs: to where nothing can go. */
import { alterReplicaLogDirs } from '../../../src/wire/messages/34-alter-replica-log-dirs.ts'
import { casesOf } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

export const alterReplicaLogDirsCases: WireCase[] = casesOf(alterReplicaLogDirs, {
  'to an unknown folder': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try({ dirs: [{ path: '/nowhere', topics: [{ name, partitions: [0] }] }] })
  },
  'of an unknown topic': (trial) => {
    const topics = [{ name: trial.name('no'), partitions: [0] }]
    return trial.try({ dirs: [{ path: '/nowhere', topics }] })
  },
  nothing: (trial) => trial.try({ dirs: [] }),
})
