/**
 * What transactions cost: Kafka's own performance producer with and without them, on this broker
 * and on Apache Kafka in the same run.
 */
import { classPath } from '../test/support/java-tools.ts'
import { KafkaProcess } from '../test/support/kafka-process.ts'
import { run } from '../test/support/program.ts'
import { Karst, newFolder, RecycledFiles, removeFolder } from './karst.ts'
import type { Bench, Section } from './section.ts'

const tool = 'org.apache.kafka.tools.ProducerPerformance'
const records = 200_000
/** Of records that nobody counts, so that both sides are compiled. */
const warmUpRecords = 100_000
const recordBytes = 1_024
const transactionMs = 100
const timeoutMs = 120_000

export const transactionsSection: Section = {
  name: 'transactions',
  async run(bench) {
    const folder = await newFolder('transactions')
    const recycled = new RecycledFiles()
    await recycled.lendTo(folder)
    const karst = await Karst.start(folder, bench.subject.options)
    try {
      await compare(bench, `${bench.subject.label}Karst`, karst.bootstrap)
    } finally {
      await karst.stop()
      await recycled.takeBack(folder)
      await removeFolder(folder)
    }
    const kafka = await KafkaProcess.start()
    try {
      await compare(bench, 'Apache Kafka', kafka.bootstrap)
    } finally {
      await kafka.close()
    }
  },
}

async function compare({ figures, say }: Bench, name: string, bootstrap: string): Promise<void> {
  await perform(bootstrap, warmUpRecords, [])
  const plain = await perform(bootstrap, records, [])
  const id = ['--transactional-id', 'bench', '--transaction-duration-ms', String(transactionMs)]
  await perform(bootstrap, warmUpRecords, id)
  const transactional = await perform(bootstrap, records, id)
  const ratio = transactional / plain
  figures.add('transactions', `${name}: plain`, 'MB/s', plain)
  figures.add('transactions', `${name}: in transactions of 100 ms`, 'MB/s', transactional)
  figures.add('transactions', `${name}: of plain`, 'ratio', ratio)
  const speeds = `plain ${plain.toFixed(0)}, transactional ${transactional.toFixed(0)} MB/s`
  say(`${name}: ${speeds}, ratio ${ratio.toFixed(2)}`)
}

/** Megabytes (10^6) a second. */
async function perform(
  bootstrap: string,
  count: number,
  transactional: readonly string[],
): Promise<number> {
  const load = ['--num-records', String(count), '--record-size', String(recordBytes)]
  const settings = [`bootstrap.servers=${bootstrap}`, 'acks=all', 'linger.ms=5', 'batch.size=65536']
  const args = ['--topic', 'bench', ...load, '--throughput', '-1', ...transactional]
  const java = ['-Xmx512m', '-cp', await classPath(), tool]
  const all = [...java, ...args, '--producer-props', ...settings]
  const lines = await run('ProducerPerformance', 'java', all, { timeoutMs })
  const perSecond = lines.flatMap((line) => /([\d.]+) records\/sec/.exec(line)?.[1] ?? [])
  const last = perSecond.at(-1)
  if (last === undefined) throw new Error(`no figure in: ${lines.join('\n')}`)
  return (Number(last) * recordBytes) / 1e6
}
