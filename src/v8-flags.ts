/**
 * How V8 weighs what lies outside its heap: buffers of sockets, caches and objects, ten times what
 * lies within.
 *
 * As it comes, V8 collects the whole heap once so much as a third of the heap has been given to
 * buffers since the last time, however many buffers there are already. A broker of a fleet that
 * reads 17 MB/s from a bucket has 30 MB of heap beside 400 MB of buffers, and so did a whole
 * collection for every 10 MB: five a second, 60 % of its CPU. Weighed with the rest, buffers grow
 * by at most 30 % between two of them.
 */
import { setFlagsFromString } from 'node:v8'

/** Read by V8 whenever it computes a limit, so that it may be set while it runs. */
export const v8Flags: readonly string[] = ['--external-memory-accounted-in-global-limit']

export function setV8Flags(): void {
  for (const flag of v8Flags) setFlagsFromString(flag)
}
