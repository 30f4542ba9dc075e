/**
 * A real S3 server for tests (ADR 0008): versitygw, built once from its Go module, over a
 * temporary folder on a free port of the loopback. Whatever cannot be had is an error.
 */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { checkout } from './broker-process.ts'
import { Program, run } from './program.ts'

export const s3ServerVersion = '1.8.0'
const s3Folder = path.join(checkout, 'build/s3')
const buildTimeoutMs = 10 * 60_000 // two minutes on two idle cores
const readyTimeoutMs = 20_000
const lifetimeMs = 3 * 60 * 60_000 // the whole of librdkafka's suite, with a busy machine

/** Builds the server where it is not there yet. Resolves with its path. */
export async function installS3Server(): Promise<string> {
  const program = path.join(s3Folder, `versitygw-${s3ServerVersion}`)
  if (existsSync(program)) return program
  const work = `${program}.${process.pid}`
  await mkdir(work, { recursive: true })
  const module = `github.com/versity/versitygw/cmd/versitygw@v${s3ServerVersion}`
  const env = { GOBIN: work, GOFLAGS: '', GOTOOLCHAIN: 'local' }
  try {
    await run('go install', 'go', ['install', module], { env, timeoutMs: buildTimeoutMs })
    await rename(path.join(work, 'versitygw'), program)
  } catch (error) {
    const message = `tests of S3 build versitygw ${s3ServerVersion}: install Go 1.26 or newer`
    throw new Error(message, { cause: error })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return program
}

export interface S3ServerOptions {
  /** Kept when given; otherwise a temporary folder, removed by `close`. */
  readonly dataFolder?: string
  readonly port?: number
  /** Accounts and policies besides the root: slower to start. */
  readonly withAccounts?: boolean
}

export interface S3Account {
  readonly accessKey: string
  readonly secretKey: string
}

export class S3Server {
  readonly root: S3Account = { accessKey: 'test-root', secretKey: 'test-root-secret' }
  readonly region = 'us-east-1'
  readonly port: number
  readonly dataFolder: string
  readonly #options: S3ServerOptions
  readonly #command: string
  #program: Program | undefined

  private constructor(options: S3ServerOptions, command: string, folder: string, port: number) {
    this.#options = options
    this.#command = command
    this.dataFolder = folder
    this.port = port
  }

  /** Resolves when the server answers. */
  static async start(options: S3ServerOptions = {}): Promise<S3Server> {
    const command = await installS3Server()
    const folder = options.dataFolder ?? (await mkdtemp(path.join(tmpdir(), 'karst-s3-')))
    const server = new S3Server(options, command, folder, options.port ?? (await freePort()))
    await server.restart()
    return server
  }

  /** http://host:port */
  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Buckets are folders. */
  async makeBucket(name: string): Promise<void> {
    await mkdir(path.join(this.dataFolder, 'buckets', name), { recursive: true })
  }

  get pid(): number {
    return this.#program?.pid ?? -1
  }

  async removeBucket(name: string): Promise<void> {
    await rm(path.join(this.dataFolder, 'buckets', name), { recursive: true })
  }

  /** Starts again over the same folder, on the same port. */
  async restart(): Promise<void> {
    const buckets = path.join(this.dataFolder, 'buckets')
    const accounts = path.join(this.dataFolder, 'accounts')
    await Promise.all([buckets, accounts].map((each) => mkdir(each, { recursive: true })))
    const iam = this.#options.withAccounts === true ? ['--iam-dir', accounts] : []
    const common = ['--port', `127.0.0.1:${this.port}`, '--keep-alive', '--quiet']
    const root = ['--access', this.root.accessKey, '--secret', this.root.secretKey]
    const args = [...common, ...root, '--region', this.region, ...iam, 'posix', buckets]
    this.#program = new Program('versitygw', this.#command, args, { timeoutMs: lifetimeMs })
    await this.#untilReady()
  }

  async #untilReady(): Promise<void> {
    const untilMs = Date.now() + readyTimeoutMs
    for (;;) {
      const answers = await fetch(this.endpoint).then(
        () => true,
        () => false,
      )
      if (answers) return
      if (this.#program?.exit !== undefined || Date.now() > untilMs) {
        throw new Error(`versitygw does not answer: ${this.#program?.errors}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** An account that owns nothing and is allowed nothing. */
  async makeAccount(account: S3Account): Promise<void> {
    const asRoot = ['--access', this.root.accessKey, '--secret', this.root.secretKey]
    const admin = ['admin', ...asRoot, '--endpoint-url', this.endpoint, 'create-user']
    const user = ['--access', account.accessKey, '--secret', account.secretKey, '--role', 'user']
    await run('versitygw admin', this.#command, [...admin, ...user], { timeoutMs: 20_000 })
  }

  async kill(): Promise<void> {
    this.#program?.signal('SIGKILL')
    await this.#program?.exited
  }

  async close(): Promise<void> {
    await this.#program?.stop()
    if (this.#options.dataFolder !== undefined) return
    await rm(this.dataFolder, { recursive: true, force: true })
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
