/** What the AWS SDK and Node throw, read as one kind of error. Nothing is judged here. */
import { S3RequestError } from './s3-api.ts'

interface Thrown {
  readonly name?: unknown
  readonly message?: unknown
  readonly code?: unknown
  readonly Code?: unknown
  readonly Region?: unknown
  readonly $metadata?: { readonly httpStatusCode?: unknown }
  readonly $response?: {
    readonly statusCode?: unknown
    readonly headers?: Readonly<Record<string, string>>
  }
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
const whole = (value: unknown): number | undefined =>
  typeof value === 'number' && value > 0 ? value : undefined

/** Errors that the SDK raises before anything is sent, by name. */
const before: Readonly<Record<string, string>> = {
  CredentialsProviderError: 'NoCredentials',
  TokenProviderError: 'NoCredentials',
}

/** Names for answers that name no error of S3's. */
const madeUp = new Set(['Error', 'Unknown', 'UnknownError', 'SyntaxError'])

export function readSdkError(error: unknown): S3RequestError {
  if (error instanceof S3RequestError) return error
  const thrown: Thrown = typeof error === 'object' && error !== null ? error : {}
  const status = whole(thrown.$metadata?.httpStatusCode) ?? whole(thrown.$response?.statusCode)
  const name = text(thrown.name)
  const message = text(thrown.message) ?? String(error)
  const region = text(thrown.Region) ?? thrown.$response?.headers?.['x-amz-bucket-region']
  return new S3RequestError(codeOf(thrown, status, name, message), status, message, {
    cause: error,
    region,
  })
}

function codeOf(
  thrown: Thrown,
  status: number | undefined,
  name: string | undefined,
  message: string,
): string {
  if (name !== undefined && Object.hasOwn(before, name)) return before[name]!
  if (message.startsWith('Region is missing')) return 'NoRegion'
  const code = text(thrown.Code) ?? text(thrown.code)
  if (status === undefined) return code ?? name ?? 'Unknown'
  // An answer without a body, or with one that is not S3's, has a name that the SDK made up.
  return code ?? (name === undefined || madeUp.has(name) ? String(status) : name)
}
