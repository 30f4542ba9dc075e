/** Java programs of Kafka's and ours, small: many run at once on a small machine. */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { clientsFolder, installKafkaSystems, kafkaVersion } from '../support/install.ts'
import { Program, run } from '../support/program.ts'

export interface JvmOptions {
  /** Where its log goes, NAME.log, appended by every program of this name. */
  folder: string
  timeoutMs: number
}

// They live for a minute: the C1 compiler and the serial collector ask least of the machine.
const small = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto']
const compileTimeoutMs = 120_000

export async function openJvm(
  name: string,
  mainClass: string,
  args: readonly string[],
  { folder, timeoutMs }: JvmOptions,
): Promise<Program> {
  const log = [
    `-Dlog4j2.configurationFile=${await logSettings(folder)}`,
    `-Dkarst.log=${path.join(folder, `${name}.log`)}`,
  ]
  const jars = path.join(await installKafkaSystems(), '*')
  const classPath = `${compiledFolder}${path.delimiter}${jars}`
  return new Program(name, 'java', [...small, ...log, '-cp', classPath, mainClass, ...args], {
    timeoutMs,
  })
}

async function logSettings(folder: string): Promise<string> {
  const file = path.join(folder, 'log4j2.properties')
  const lines = [
    'status=error',
    'appender.out.type=File',
    'appender.out.name=out',
    'appender.out.fileName=${sys:karst.log}',
    'appender.out.layout.type=PatternLayout',
    'appender.out.layout.pattern=%d{HH:mm:ss.SSS} %p %c{1} %m%n',
    'rootLogger.level=info',
    'rootLogger.appenderRef.out.ref=out',
  ]
  await writeFile(file, lines.map((line) => `${line}\n`).join(''))
  return file
}

const compiledFolder = path.join(clientsFolder, `classes-${kafkaVersion}`)

/** Compiles one of the programs beside this file. */
export async function compileJava(source: string): Promise<void> {
  await mkdir(compiledFolder, { recursive: true })
  const jars = path.join(await installKafkaSystems(), '*')
  const file = path.join(import.meta.dirname, source)
  const args = ['-Xlint:all', '-Xlint:-processing', '-Werror', '-proc:none', '-cp', jars]
  await run('javac', 'javac', [...args, '-d', compiledFolder, file], {
    timeoutMs: compileTimeoutMs,
  })
}

/** Writes a properties file into the folder and resolves with its path. */
export async function writeProperties(
  folder: string,
  name: string,
  settings: Record<string, string>,
): Promise<string> {
  const file = path.join(folder, name)
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`)
  await writeFile(file, lines.join(''))
  return file
}
