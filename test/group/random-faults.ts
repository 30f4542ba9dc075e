/** What the catalog does wrong at random: points that fail, commits that hang or tell nothing. */
import { randomBelow } from '../../src/base/random.ts'
import type { Random } from '../../src/base/random.ts'
import type { MemoryFault, MemoryPoint } from '../../src/catalog/memory-faults.ts'
import type { GroupWorld } from './group-world.ts'

/** For `GroupWorld.fault`: four of a hundred points. */
export function randomFaults(
  world: GroupWorld,
  random: Random,
): (point: MemoryPoint) => MemoryFault | undefined {
  return (point: MemoryPoint): MemoryFault | undefined => {
    if (randomBelow(random, 100) >= 4) return undefined
    if (point.at !== 'commit') return { fault: 'fail' }
    const until = new Promise<void>((resolve) => {
      world.clock.after(randomBelow(random, 900), resolve)
    })
    const commits = randomBelow(random, 2) === 0
    const faults: readonly MemoryFault[] = [
      { fault: 'fail' },
      { fault: 'lose-answer' },
      { fault: 'lose-request' },
      { fault: 'zombie', until, commits },
    ]
    return faults[randomBelow(random, faults.length)]
  }
}
