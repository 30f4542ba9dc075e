/**
 * Somebody empties the bucket behind our back, while brokers run and while they do not. What lay
 * there is lost and refused by name; all that is new is written and read as ever.
 */
import assert from 'node:assert/strict'
import { mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { fetch as fetchApi } from '../../src/wire/messages/01-fetch.ts'
import { Fleet } from '../support/fleet.ts'
import { readiness } from '../support/fleet-load.ts'
import { typed } from '../support/karst-command.ts'
import { until } from '../support/until.ts'
import { WireClient } from '../e2e/wire-client.ts'

const mebibyte = 1024 * 1024
/** More than all caches of a broker hold. */
const writtenBytes = 12 * mebibyte
const batchBytes = mebibyte / 2

let fleet: Fleet

before(async () => {
  const caches = ['journal', 'tail', 'block'].flatMap((name) => [
    `--${name}-cache-bytes`,
    String(mebibyte),
  ])
  const packing = ['--pack-window-ms', '1000', '--object-grace-ms', '1000']
  const flags = [...caches, ...packing, '--journal-inline-max-bytes', '0']
  fleet = await Fleet.start({ brokers: 3, flags })
})
after(() => fleet.close())

const bucketFolder = (): string => path.join(fleet.s3.dataFolder, 'buckets', 'karst')

async function stored(): Promise<string[]> {
  const names = await readdir(bucketFolder(), { recursive: true }).catch(() => [])
  return names.filter((name) => /(packed|journal)-/.test(name)).map((name) => path.basename(name))
}

async function empty(): Promise<void> {
  await rm(path.join(bucketFolder(), 'fleet'), { recursive: true, force: true })
  await mkdir(bucketFolder(), { recursive: true })
}

/** Through whichever broker takes it: for some seconds after a start another is shown. */
async function onAny<Result>(
  ask: (client: WireClient) => Promise<Result | undefined>,
): Promise<Result> {
  let found: Result | undefined
  await until(
    async () => {
      for (const { bootstrap } of fleet.brokers) {
        const client = await WireClient.open(bootstrap)
        found ??= await ask(client).finally(() => client.close())
      }
      return found !== undefined
    },
    20_000,
    () => 'no broker answers',
  )
  return found as Result
}

function write(topic: string, value: string): Promise<number> {
  return onAny(async (client) => {
    await client.createTopic(topic)
    const { errorCode, baseOffset } = await client.produce(topic, [value])
    const isElsewhere =
      errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER ||
      errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    if (isElsewhere) return undefined
    assert.equal(errorCode, ErrorCode.NONE)
    return baseOffset
  })
}

async function fill(topic: string): Promise<void> {
  const pad = 'x'.repeat(batchBytes)
  for (let at = 0; at < writtenBytes / batchBytes; at++) await write(topic, `${at}.${pad}`)
}

/** The code of a fetch at an offset, or what is read there. */
function read(topic: string, fetchOffset: number): Promise<number | string> {
  return onAny(async (client) => {
    const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: mebibyte }]
    const { responses } = await client.ask(fetchApi, 11, {
      maxWaitMs: 0,
      minBytes: 0,
      topics: [{ topic, partitions }],
      forgottenTopicsData: [],
    })
    const answer = responses[0]?.partitions[0]
    const code = answer?.errorCode ?? -1
    if (code === ErrorCode.NOT_LEADER_OR_FOLLOWER) return undefined
    if (code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) return undefined
    if (code !== ErrorCode.NONE) return code
    const [record] = await client.readAll(topic, fetchOffset)
    return record?.value
  })
}

interface Found {
  readonly findings: readonly { readonly kind: string; readonly subject: string }[]
}

/** Names of objects that the doctor misses. */
async function missing(): Promise<string[]> {
  const where = ['--storage', fleet.storageUrl, '--catalog', fleet.catalogUrl]
  const { code, out, err } = await typed('', ['doctor', ...where, '--json'], '', fleet.environment)
  assert.equal(code, 1, err)
  const { findings } = JSON.parse(out) as Found
  return findings.filter(({ kind }) => kind === 'missing-object').map(({ subject }) => subject)
}

const logs = (): string => fleet.brokers.map(({ errors }) => errors).join('')

/** What every test ends with: the lost is named, the new is there. */
async function goesOn(topic: string, gone: readonly string[]): Promise<void> {
  assert.equal(await read(topic, 0), ErrorCode.KAFKA_STORAGE_ERROR)
  const told = logs()
    .split('\n')
    .filter((line) => line.includes('cannot read a partition'))
  const named = told.some(
    (line) => line.includes(`"topic":"${topic}"`) && gone.some((name) => line.includes(name)),
  )
  assert.ok(named, `topic and object are named: ${told.join('\n')}`)
  const offset = await write(topic, 'new')
  assert.equal(await read(topic, offset), 'new')
  const fresh = await write(`${topic}-new`, 'newer')
  assert.equal(await read(`${topic}-new`, fresh), 'newer')
  const found = await missing()
  assert.ok(found.length > 0 && found.every((name) => gone.includes(name)), found.join())
  for (const broker of fleet.brokers) assert.ok(broker.isRunning)
  assert.deepEqual(
    await Promise.all(fleet.brokers.map(readiness)),
    fleet.brokers.map(() => '200 ready'),
  )
}

test('a bucket that is emptied under running brokers', async () => {
  await fill('running')
  await until(
    async () => (await stored()).some((name) => name.startsWith('packed-')),
    20_000,
    () => 'nothing is packed',
  )
  const gone = await stored()
  await empty()
  await goesOn('running', gone)
})

test('a bucket that is emptied while no broker runs', async () => {
  await fill('down')
  for (const broker of fleet.brokers) await broker.stop()
  const gone = await stored()
  await empty()
  for (const broker of fleet.brokers) await broker.restart()
  const before = [...gone, ...(await missing())]
  await goesOn('down', before)
  assert.equal(await read('running', 0), ErrorCode.KAFKA_STORAGE_ERROR)
})
