/** What the machine is, and whose the CPU seconds of a measurement were: from Linux's /proc. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'

/** USER_HZ: Linux counts in it on every platform we know. */
const ticksPerSecond = 100

export interface Shares {
  readonly seconds: number
  readonly brokerCpu: number
  /** Of the programs that this process started and that have ended meanwhile. */
  readonly clientCpu: number
  /** CPU used by neither broker, client nor this process, as a part of all there is. */
  readonly noise: number
}

/** Runs `body` and says who used the CPU meanwhile. The programs it starts must have ended. */
export async function shares<Result>(
  brokerPid: number,
  body: () => Promise<Result>,
): Promise<Shares & { readonly result: Result }> {
  const before = {
    at: performance.now(),
    broker: cpuOf(brokerPid),
    busy: busy(),
    own: cpuOf('self'),
  }
  const result = await body()
  const seconds = (performance.now() - before.at) / 1000
  const broker = cpuOf(brokerPid)
  const own = cpuOf('self')
  const brokerCpu = broker.used - before.broker.used
  const clientCpu = own.children - before.own.children
  const others = busy() - before.busy - brokerCpu - clientCpu - (own.used - before.own.used)
  const noise = Math.max(0, others) / (seconds * availableParallelism())
  return { result, seconds, brokerCpu, clientCpu, noise }
}

/** CPU seconds of a process with all its threads. */
export const cpuSeconds = (pid: number): number => cpuOf(pid).used

/** CPU seconds of a process and of its children, of those that run and of those that have ended. */
export function cpuSecondsWithChildren(pid: number): number {
  const { used, children } = cpuOf(pid)
  let sum = used + children
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const child = maybeCpuOf(Number(name))
    if (child?.parent === pid) sum += child.used + child.children
  }
  return sum
}

/** CPU seconds of a process with all its threads, and of its children that have ended. */
function cpuOf(pid: number | 'self'): ProcessCpu {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const ticks = (at: number): number => Number(fields[at]) / ticksPerSecond
  return { parent: Number(fields[1]), used: ticks(11) + ticks(12), children: ticks(13) + ticks(14) }
}

/** Undefined where the process ends meanwhile. */
function maybeCpuOf(pid: number): ProcessCpu | undefined {
  try {
    return cpuOf(pid)
  } catch {
    return undefined
  }
}

interface ProcessCpu {
  readonly parent: number
  readonly used: number
  /** Of its children that have ended. */
  readonly children: number
}

/** CPU seconds of the whole machine that were not idle; time stolen by the host counts. */
export function busy(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return (user + nice + system + irq + softirq + steal) / ticksPerSecond
}

/** Resident memory of a process, in megabytes (10^6). */
export function residentMb(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return (Number(kibibytes ?? 0) * 1024) / 1e6
}

export function describeMachine(root: string, node: string): Record<string, string> {
  const gibibytes = (totalmem() / 2 ** 30).toFixed(0)
  const text = (command: string, args: readonly string[]): string =>
    execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim()
  const changed = text('git', ['status', '--porcelain']) === '' ? '' : ' and changes'
  return {
    machine: `${availableParallelism()} × ${cpus()[0]?.model ?? '?'}, ${gibibytes} GiB`,
    kernel: release(),
    node: text(node, ['--version']),
    commit: text('git', ['rev-parse', '--short', 'HEAD']) + changed,
    disk: text('df', ['--output=fstype,source', root]).split('\n').at(-1) ?? '?',
  }
}
