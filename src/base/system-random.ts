/** Real chance, from the operating system. */
import { randomFillSync } from 'node:crypto'
import type { Random } from './random.ts'

const pool = new Uint32Array(256)
let next = pool.length

export const systemRandom: Random = {
  uint32(): number {
    if (next === pool.length) {
      randomFillSync(pool)
      next = 0
    }
    return pool[next++] ?? 0
  },
}
