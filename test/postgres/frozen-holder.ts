/** A broker for tests to stop: it locks partition 1, says so, and never goes on. */
import { silentLog } from '../../src/base/log.ts'
import { systemClock } from '../../src/base/system-clock.ts'
import { openPostgresDatabase } from '../../src/catalog/postgres/database.ts'
import { partitions } from '../../src/catalog/schema.ts'

const url = process.argv[2] ?? ''
const database = await openPostgresDatabase({ url, clock: systemClock, log: silentLog })
await database.transaction('commit-groups', async (tx) => {
  await tx.lock(partitions, [[1]], 'exclusive')
  console.log('locked')
  // Stopped by a signal here: no timer of this process runs any more.
  for (;;) await tx.get(partitions, [[1]])
})
