/** Kafka's console producer and consumer: the Java client. */
import { runJavaTool } from '../java-tools.ts'
import type { Codec, MatrixClient, SeenRecord, SentRecord } from '../record.ts'

const nullMark = '<null>'
const noHeaders = 'NO_HEADERS'

export const javaClient: MatrixClient = {
  name: 'java',
  readsFramedSnappy: true,
  produce,
  consume,
}

async function produce(
  bootstrap: string,
  topic: string,
  records: SentRecord[],
  codec: Codec,
): Promise<void> {
  const properties = ['parse.key=true', 'parse.headers=true', `null.marker=${nullMark}`]
  const args = ['--bootstrap-server', bootstrap, '--topic', topic, '--compression-codec', codec]
  const reader = properties.flatMap((property) => ['--reader-property', property])
  const acks = ['--command-property', 'acks=all', '--timeout', '5'] // linger, by default 1 s
  const lines = records.map(({ headers, key, value }) => {
    const pairs = headers.map(([name, text]) => `${name}:${text}`).join(',')
    return `${pairs === '' ? nullMark : pairs}\t${key ?? nullMark}\t${value ?? nullMark}\n`
  })
  await runJavaTool('consoleProducer', [...args, ...reader, ...acks], { input: lines.join('') })
}

async function consume(bootstrap: string, topic: string, count: number): Promise<SeenRecord[]> {
  const print = ['partition', 'offset', 'timestamp', 'headers', 'key', 'value']
  const properties = [...print.map((what) => `print.${what}=true`), `null.literal=${nullMark}`]
  const formatter = properties.flatMap((property) => ['--formatter-property', property])
  const args = ['--bootstrap-server', bootstrap, '--topic', topic, '--from-beginning']
  const limits = ['--max-messages', String(count), '--timeout-ms', '20000']
  const lines = await runJavaTool('consoleConsumer', [...args, ...limits, ...formatter])
  return lines.filter((line) => line.includes('Partition:')).map(toSeen)
}

function toSeen(line: string): SeenRecord {
  const [time = '', partition = '', offset = '', headers = '', key, value] = line.split('\t')
  const after = (text: string) => text.slice(text.indexOf(':') + 1)
  const pairs = headers === noHeaders ? [] : headers.split(',')
  return {
    partition: Number(after(partition)),
    offset: Number(after(offset)),
    key: key === undefined || key === nullMark ? null : key,
    value: value === undefined || value === nullMark ? null : value,
    headers: pairs.map((pair) => [pair.slice(0, pair.indexOf(':')), after(pair)]),
    timestamp: Number(after(time)),
  }
}
