/** kcat: librdkafka as Debian ships it, as a program. */
import { Program, run } from '../program.ts'
import type { Codec, MatrixClient, SeenRecord, SentRecord } from '../record.ts'

const timeoutMs = 30_000
const keyEnds = '\u0001' // not in any key or value of ours

export const kcatClient: MatrixClient = {
  name: 'kcat',
  readsFramedSnappy: true,
  produce,
  consume,
}

interface JsonRecord {
  partition: number
  offset: number
  ts: number
  headers?: string[]
  key: string | null
  payload: string | null
}

async function produce(
  bootstrap: string,
  topic: string,
  records: SentRecord[],
  codec: Codec,
): Promise<void> {
  // Headers hold for a whole run of kcat, so records are grouped by theirs.
  const groups = new Map<string, SentRecord[]>()
  for (const record of records) {
    const name = JSON.stringify(record.headers)
    groups.set(name, [...(groups.get(name) ?? []), record])
  }
  for (const group of groups.values()) {
    const headers = (group[0]?.headers ?? []).flatMap(([name, value]) => ['-H', `${name}=${value}`])
    const args = ['-P', '-b', bootstrap, '-t', topic, '-z', codec, '-Z', '-K', keyEnds]
    const lines = group.map(({ key, value }) => `${key ?? ''}${keyEnds}${value ?? ''}\n`)
    const settings = ['-X', 'acks=all', '-X', 'message.timeout.ms=20000']
    const options = { timeoutMs, input: lines.join('') }
    await run('kcat -P', 'kcat', [...args, ...headers, ...settings], options)
  }
}

async function consume(bootstrap: string, topic: string, count: number): Promise<SeenRecord[]> {
  const args = ['-C', '-b', bootstrap, '-t', topic, '-o', 'beginning', '-c', String(count)]
  const lines = await run('kcat -C', 'kcat', [...args, '-J', '-q', '-u'], { timeoutMs })
  return lines.map(toSeen)
}

/** Reads everything a topic holds, to the ends of its partitions as they are now. */
export async function readAll(
  bootstrap: string,
  topic: string,
  settings: string[] = [],
): Promise<SeenRecord[]> {
  const flags = settings.flatMap((set) => ['-X', set])
  const args = ['-C', '-b', bootstrap, '-t', topic, '-o', 'beginning', '-e', '-J', '-q', ...flags]
  const lines = await run('kcat -C -e', 'kcat', args, { timeoutMs: 120_000 })
  return lines.map(toSeen)
}

/** Opens a member of a consumer group; its lines of output are records. */
export function openMember(
  bootstrap: string,
  group: string,
  topic: string,
  settings: string[] = [],
): Program {
  const sets = ['auto.offset.reset=earliest', 'session.timeout.ms=6000', ...settings]
  const flags = [...sets, 'auto.commit.interval.ms=500'].flatMap((set) => ['-X', set])
  const args = ['-b', bootstrap, '-J', '-u', ...flags, '-G', group, topic]
  return new Program('kcat -G', 'kcat', args, { timeoutMs: 120_000 })
}

export function toSeen(line: string): SeenRecord {
  const { partition, offset, ts, headers = [], key, payload } = JSON.parse(line) as JsonRecord
  const pairs: SeenRecord['headers'] = []
  for (let i = 0; i < headers.length; i += 2) pairs.push([headers[i] ?? '', headers[i + 1] ?? ''])
  return { partition, offset, key, value: payload, headers: pairs, timestamp: ts }
}
