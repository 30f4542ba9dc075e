/**
 * What the suite expects under KAFKA_PATH: Kafka's scripts, over the classes of Kafka's own tools.
 * Some tests create topics or ACLs with them, two run a Java client.
 */
import { existsSync } from 'node:fs'
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { installKafkaTools } from '../support/install.ts'
import { javaTool } from '../support/java-tools.ts'
import { run } from '../support/program.ts'

/** A tool lives for a second: what starts fastest. */
const java = 'exec java -Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC'
const compileTimeoutMs = 2 * 60_000

const scripts: Record<string, string> = {
  'kafka-topics.sh': javaTool.topics,
  'kafka-configs.sh': javaTool.configs,
  'kafka-acls.sh': 'org.apache.kafka.tools.AclCommand',
  'kafka-run-class.sh': '',
}

/** Writes the scripts into a folder, and compiles the suite's Java programs against the jars. */
export async function writeKafkaHome(home: string, testsFolder: string): Promise<void> {
  const jars = await installKafkaTools()
  await rm(home, { recursive: true, force: true })
  await mkdir(path.join(home, 'bin'), { recursive: true })
  await symlink(jars, path.join(home, 'libs'))
  for (const [name, main] of Object.entries(scripts)) {
    const file = path.join(home, 'bin', name)
    const command = `${java} -cp "$CLASSPATH:${jars}/*" ${main} "$@"`
    await writeFile(file, `#!/bin/sh\n${command}\n`)
    await chmod(file, 0o755)
  }
  await compileJava(home, path.join(testsFolder, 'java'))
}

async function compileJava(home: string, folder: string): Promise<void> {
  if (existsSync(path.join(folder, 'TransactionProducerCli.class'))) return
  const options = { cwd: folder, env: { KAFKA_PATH: home }, timeoutMs: compileTimeoutMs }
  await run('make java', 'make', ['-s', 'all'], options)
}
