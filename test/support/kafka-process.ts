/** A real Apache Kafka on one node, so that every client test can also run against the original. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { classPath } from './java-tools.ts'
import { Program, run } from './program.ts'

const lifetimeMs = 60 * 60_000

export class KafkaProcess {
  readonly bootstrap: string
  readonly #folder: string
  #program: Program | undefined
  readyMs = 0

  private constructor(folder: string, bootstrap: string) {
    this.#folder = folder
    this.bootstrap = bootstrap
  }

  /** `settings` stand beside, or in place of, those every test gets. */
  static async start(settings: Record<string, string> = {}): Promise<KafkaProcess> {
    const folder = await mkdtemp(path.join(tmpdir(), 'kafka-reference-'))
    const [broker, controller] = [await freePort(), await freePort()]
    const kafka = new KafkaProcess(folder, `127.0.0.1:${broker}`)
    const config = path.join(folder, 'server.properties')
    await writeFile(config, properties(folder, broker, controller, settings))
    const id = await storageTool('random-uuid')
    await storageTool('format', '-t', id[0] ?? '', '-c', config, '--standalone')
    await kafka.restart()
    return kafka
  }

  get isRunning(): boolean {
    return this.#program !== undefined && this.#program.exit === undefined
  }

  async restart(): Promise<void> {
    const startedAt = performance.now()
    const config = path.join(this.#folder, 'server.properties')
    const args = ['-Xmx1g', '-cp', await classPath(), 'kafka.Kafka', config]
    this.#program = new Program('kafka', 'java', args, { timeoutMs: lifetimeMs })
    await untilListening(this.bootstrap, this.#program)
    this.readyMs = performance.now() - startedAt
  }

  async kill(): Promise<void> {
    this.#program?.signal('SIGKILL')
    await this.#program?.exited
  }

  async close(): Promise<void> {
    await this.#program?.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

function properties(
  folder: string,
  broker: number,
  controller: number,
  more: Record<string, string>,
): string {
  const listeners = `PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}`
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controller}`,
    listeners,
    'advertised.listeners': listeners,
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': path.join(folder, 'data'),
    'num.partitions': '4',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    ...more,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

async function storageTool(...args: string[]): Promise<string[]> {
  const all = ['-cp', await classPath(), 'kafka.tools.StorageTool', ...args]
  return run('StorageTool', 'java', all, { timeoutMs: 60_000 })
}

async function untilListening(address: string, program: Program): Promise<void> {
  const [host = '', port = ''] = address.split(':')
  const deadline = performance.now() + 60_000
  const { connect } = await import('node:net')
  while (performance.now() < deadline && program.exit === undefined) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(Number(port), host, () => resolve(true))
      socket.on('error', () => resolve(false))
      socket.on('close', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`Apache Kafka does not listen on ${address}\n${program.lines.join('\n')}`)
}

/** A port that was free a moment ago; enough for tests on one machine. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
