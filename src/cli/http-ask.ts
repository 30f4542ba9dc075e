/** Asks a broker over HTTP, for commands whose answers Kafka's protocol has no words for. */
import { Failure } from '../base/errors.ts'

const askMsMax = 10_000

/**
 * The body of a 200; `body` is JSON and makes it a POST. @throws Failure 'unavailable' | 'invalid':
 * what was answered instead.
 */
export async function askHttp(address: string, path: string, body?: string): Promise<string> {
  const url = `http://${address}${path}`
  let response: Response
  try {
    const headers = { 'content-type': 'application/json' }
    const sent = body === undefined ? {} : { method: 'POST', body, headers }
    response = await fetch(url, { ...sent, signal: AbortSignal.timeout(askMsMax) })
  } catch (error) {
    const why = error instanceof Error ? ((error.cause as Error | undefined) ?? error).message : ''
    throw new Failure('unavailable', `${url} does not answer: ${why}`, error)
  }
  const text = await response.text()
  if (response.ok) return text
  throw new Failure('invalid', `${url} answers ${response.status}: ${text.trim()}`)
}
