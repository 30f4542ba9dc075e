import { catalogContract } from '../../src/catalog/contract.ts'
import { Catalogs } from './catalogs.ts'

const catalogs = new Catalogs()

for (const pooled of [false, true]) {
  const name = pooled ? 'postgres, pooled' : 'postgres'
  catalogContract(name, { concurrentWriters: true, runs: pooled ? 10 : 60 }, async () => {
    const database = await catalogs.open(undefined, `&pooled=${pooled}`)
    return { database, discard: () => database.close() }
  })
}
