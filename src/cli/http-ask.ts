/** Asks a broker over HTTP, for commands whose answers Kafka's protocol has no words for. */
import { Failure } from '../base/errors.ts'

const askMsMax = 10_000

export interface HttpAnswer {
  readonly url: string
  readonly status: number
  readonly text: string
}

/**
 * The body of a 200; `body` is JSON and makes it a POST. @throws Failure 'unavailable' | 'invalid':
 * what was answered instead.
 */
export async function askHttp(address: string, path: string, body?: string): Promise<string> {
  const answer = await requestHttp(address, path, body)
  if (isOk(answer)) return answer.text
  throw refusalIn(answer)
}

export const isOk = ({ status }: HttpAnswer): boolean => status >= 200 && status < 300

export function refusalIn({ url, status, text }: HttpAnswer): Failure {
  return new Failure('invalid', `${url} answers ${status}: ${text.trim()}`)
}

/**
 * Whatever is answered.
 *
 * @param address HOST:PORT, or a URL where it is not plain HTTP.
 * @throws Failure 'unavailable'
 */
export async function requestHttp(
  address: string,
  path: string,
  body?: string,
): Promise<HttpAnswer> {
  const base = /^https?:\/\//.test(address) ? address.replace(/\/+$/, '') : `http://${address}`
  const url = `${base}${path}`
  try {
    const headers = { 'content-type': 'application/json' }
    const sent = body === undefined ? {} : { method: 'POST', body, headers }
    const response = await fetch(url, { ...sent, signal: AbortSignal.timeout(askMsMax) })
    return { url, status: response.status, text: await response.text() }
  } catch (error) {
    const why = error instanceof Error ? ((error.cause as Error | undefined) ?? error).message : ''
    throw new Failure('unavailable', `${url} does not answer: ${why}`, error)
  }
}
