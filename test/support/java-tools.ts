/** Kafka's own command-line programs: console, verifiable and admin tools, each a Java process. */
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { installKafkaTools } from './install.ts'
import { Program, run } from './program.ts'
import type { ProgramOptions } from './program.ts'

const tools = 'org.apache.kafka.tools'

export const javaTool: Record<JavaToolName, string> = {
  configs: 'kafka.admin.ConfigCommand',
  consoleConsumer: `${tools}.consumer.ConsoleConsumer`,
  consoleProducer: `${tools}.ConsoleProducer`,
  getOffsets: `${tools}.GetOffsetShell`,
  groups: `${tools}.consumer.group.ConsumerGroupCommand`,
  quorum: `${tools}.MetadataQuorumCommand`,
  topics: `${tools}.TopicCommand`,
  verifiableConsumer: `${tools}.VerifiableConsumer`,
  verifiableProducer: `${tools}.VerifiableProducer`,
}

export type JavaToolName =
  | 'configs'
  | 'consoleConsumer'
  | 'consoleProducer'
  | 'getOffsets'
  | 'groups'
  | 'quorum'
  | 'topics'
  | 'verifiableConsumer'
  | 'verifiableProducer'

export interface JavaOptions extends Omit<ProgramOptions, 'timeoutMs'> {
  timeoutMs?: number
}

// A tool lives for a second: the C1 compiler and the serial collector start fastest.
const quickStart = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto']

export async function classPath(): Promise<string> {
  return path.join(await installKafkaTools(), '*')
}

export async function openJavaTool(
  tool: JavaToolName,
  args: readonly string[],
  options: JavaOptions = {},
): Promise<Program> {
  const all = [...quickStart, '-cp', await classPath(), javaTool[tool], ...args]
  return new Program(tool, 'java', all, { timeoutMs: 60_000, ...options })
}

/** Runs a tool to its end. Resolves with its lines of output. */
export async function runJavaTool(
  tool: JavaToolName,
  args: readonly string[],
  options: JavaOptions = {},
): Promise<string[]> {
  const all = [...quickStart, '-cp', await classPath(), javaTool[tool], ...args]
  return run(tool, 'java', all, { timeoutMs: 60_000, ...options })
}

/** Writes a properties file and resolves with its path. */
export async function propertiesFile(settings: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'karst-java-'))
  const file = path.join(folder, 'client.properties')
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
  await writeFile(file, lines.join(''))
  return file
}
