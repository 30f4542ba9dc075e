/**
 * Whatever members of both protocols do one after another: each has its own, and they settle. One
 * of them stays, so that the broker assigns throughout.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ClassicClient } from '../../../test/group/classic-client.ts'
import { ConsumerClient } from '../../../test/group/consumer-client.ts'
import { GroupWorld, joinDefaults } from '../../../test/group/group-world.ts'
import { noPartitions } from './partition-sets.ts'

const partitionCount = 7

interface Client {
  readonly has: string
  /** A heartbeat and what follows from its answer. */
  live(): Promise<unknown>
  leave(): Promise<unknown>
}

/** Joins anew when it is told that it is nobody. */
class Consumer extends ConsumerClient implements Client {
  async live(): Promise<void> {
    const { outcome } = await this.ask()
    if (outcome === 'beat') return
    this.epoch = 0
    this.owned = noPartitions
    await this.join()
  }

  leave(): Promise<unknown> {
    return this.ask({ memberEpoch: -1 })
  }
}

class Classic extends ClassicClient implements Client {
  live(): Promise<void> {
    return this.beat()
  }
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('beat' as const),
        at: fc.integer({ min: 1, max: 5 }),
      }),
    },
    fc.record({
      do: fc.constant('join' as const),
      kind: fc.constantFrom('consumer', 'eager', 'cooperative'),
    }),
    fc.record({
      do: fc.constantFrom('leave' as const, 'vanish' as const),
      at: fc.integer({ min: 1, max: 5 }),
    }),
    fc.record({ do: fc.constantFrom('crash' as const, 'grow' as const) }),
  ),
  { minLength: 1, maxLength: 25 },
)

test('members of both protocols come and go in any order', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const world = new GroupWorld()
      await world.addTopic('T', 'topic')
      world.topics.set('T', 'topic', partitionCount)
      let partitions = partitionCount
      const anchor = new Consumer(world, 'anchor')
      await anchor.join()
      const clients: Client[] = [anchor]
      let names = 0
      const heardMs = new Map<Client, number>()
      const live = async (client: Client | undefined): Promise<void> => {
        if (client === undefined) return
        await client.live()
        heardMs.set(client, world.clock.nowMs())
      }
      // One that was silent for a session is out, whatever it believes that it has.
      const isMember = (client: Client): boolean =>
        world.clock.nowMs() - (heardMs.get(client) ?? 0) < joinDefaults.sessionTimeoutMs
      const isDisjoint = (): void => {
        const owned = clients
          .filter(isMember)
          .flatMap(({ has }) => (has === '' ? [] : has.split(',')))
        assert.equal(new Set(owned).size, owned.length, owned.join())
      }
      for (const step of all) {
        if (step.do === 'join' && clients.length < 6) {
          const client =
            step.kind === 'consumer'
              ? new Consumer(world, `m${names++}`)
              : new Classic(world, step.kind === 'cooperative')
          await client.join()
          clients.push(client)
          heardMs.set(client, world.clock.nowMs())
        } else if (step.do === 'beat') await live(clients[step.at])
        else if (step.do === 'leave' || step.do === 'vanish') {
          const [gone] = clients.splice(step.at, 1)
          if (step.do === 'leave') await gone?.leave()
        } else if (step.do === 'crash') world.crash()
        else if (step.do === 'grow') world.topics.set('T', 'topic', ++partitions)
        isDisjoint()
        await live(anchor)
        await world.clock.advance(1_000)
      }
      for (let round = 0; round < 50; round++) {
        for (const client of clients) {
          await live(client)
          isDisjoint()
        }
        await world.clock.advance(1_500)
      }
      const counts = clients.map(({ has }) => (has === '' ? 0 : has.split(',').length))
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        partitions,
        counts.join(),
      )
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join())
    }),
    { numRuns: 100 },
  )
})
