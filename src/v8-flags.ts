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
import { getHeapStatistics, setFlagsFromString } from 'node:v8'

/** Read by V8 whenever it computes a limit, so that it may be set while it runs. */
export const v8Flags: readonly string[] = ['--external-memory-accounted-in-global-limit']

/** Buffers may take so many times what the heap may. */
const buffersShareMax = 1.5

/**
 * @param buffersMax Bytes that buffers may take. Once they are about twice the largest heap, V8
 *   collects all the time where they are weighed so (measured: 364 collections for 69 at 2.3 times,
 *   none more at 1.8); where they may come near that it is left as it is.
 */
export function setV8Flags(buffersMax: number): void {
  if (buffersMax > buffersShareMax * getHeapStatistics().heap_size_limit) return
  for (const flag of v8Flags) setFlagsFromString(flag)
}
