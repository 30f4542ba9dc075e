/** Standard input, line by line, until it ends or the command is told to stop. */
import { Failure } from '../base/errors.ts'

/** A line that never ends would fill the memory; no broker takes records of this size. */
const lineLengthMax = 64 * 1024 * 1024

/**
 * Lines without their ends; the last one needs none.
 *
 * @throws Failure 'invalid': a line is longer than any record may be.
 */
export async function* inputLines(
  input: AsyncIterable<string>,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const { promise: aborted, resolve } = Promise.withResolvers<{ done: true; value: undefined }>()
  const stop = (): void => resolve({ done: true, value: undefined })
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  const chunks = input[Symbol.asyncIterator]()
  let rest = ''
  for (;;) {
    const { done, value } = await Promise.race([chunks.next(), aborted])
    if (done === true) break
    const lines = (rest + value).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
    if (rest.length > lineLengthMax) {
      throw new Failure('invalid', `a line of more than ${lineLengthMax} characters`)
    }
  }
  signal.removeEventListener('abort', stop)
  if (rest !== '') yield rest
}
