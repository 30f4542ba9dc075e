/**
 * The URL of a catalog on PostgreSQL: postgres://user:password@host1:5432,host2:5432/database?…
 * Parsed here and not by the driver, so that a word that is not understood is refused and not
 * ignored.
 */
import { Failure } from '../../base/errors.ts'

export interface PostgresHost {
  /** A name, an address, or the folder of a socket, which begins with '/'. */
  readonly host: string
  readonly port: number
}

export type TlsMode = 'disable' | 'require' | 'verify-full'

export interface PostgresAddress {
  /** In the order in which they are tried; the first that takes writes is used. */
  readonly hosts: readonly PostgresHost[]
  readonly database: string
  readonly user: string
  readonly password?: string
  /** The catalog's tables stand in it. */
  readonly schema: string
  /** A pooler gives another session to every transaction. */
  readonly isPooled: boolean
  readonly tls: TlsMode
  /** Path of a file with the authorities to trust (PEM). */
  readonly rootCertificates?: string
}

const parameters = ['schema', 'pooled', 'sslmode', 'sslrootcert', 'target_session_attrs']
const tlsModes: readonly string[] = ['disable', 'require', 'verify-full'] satisfies TlsMode[]

/** @throws Failure 'invalid': what is wrong with the URL, without its password. */
export function parseAddress(url: string): PostgresAddress {
  const found = /^postgres(?:ql)?:\/\/(?:([^@/]*)@)?([^/?]*)\/([^/?]*)(?:\?(.*))?$/.exec(url)
  if (found === null) {
    throw wrong('it is not postgres://user:password@host:port/database?schema=karst')
  }
  const [, credentials = '', places = '', database = '', query = ''] = found
  const options = new URLSearchParams(query)
  for (const name of options.keys()) {
    if (!parameters.includes(name)) throw wrong(`it knows no ${name}, but ${parameters.join(', ')}`)
  }
  if (database === '') throw wrong('it names no database')
  const [user = '', password] = splitOnce(credentials, ':')
  if (user === '') throw wrong('it names no user')
  const hosts = places.split(',').map(parseHost)
  return {
    hosts,
    database: decode(database),
    user: decode(user),
    ...(password === undefined ? {} : { password: decode(password) }),
    schema: parseSchema(options.get('schema') ?? 'karst'),
    isPooled: parseBoolean('pooled', options.get('pooled') ?? 'false'),
    ...parseTls(options, hosts),
  }
}

/** For messages: hosts and database, no password. */
export function addressText({ hosts, database, schema }: PostgresAddress): string {
  const places = hosts.map(({ host, port }) => `${host}:${port}`).join(',')
  return `PostgreSQL ${places}/${database}, schema ${schema}`
}

function parseHost(text: string): PostgresHost {
  const found = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]]*)(?::(\d+))?$/.exec(text)
  const host = decode(found?.[1] ?? '').replaceAll(/^\[|\]$/g, '')
  const port = Number(found?.[2] ?? 5432)
  if (host === '' || port < 1 || port > 65_535) throw wrong(`'${text}' is not host:port`)
  return { host, port }
}

function parseSchema(schema: string): string {
  const isSound = /^[a-z_][a-z0-9_]{0,62}$/.test(schema) && !schema.startsWith('pg_')
  if (!isSound) throw wrong(`schema=${schema} is not a name of small letters, digits and _`)
  return schema
}

function parseTls(
  options: URLSearchParams,
  hosts: readonly PostgresHost[],
): Pick<PostgresAddress, 'tls' | 'rootCertificates'> {
  const roots = options.get('sslrootcert')
  const standard = roots !== null ? 'verify-full' : hosts.every(isLocal) ? 'disable' : 'require'
  const tls = options.get('sslmode') ?? standard
  if (!tlsModes.includes(tls)) {
    throw wrong(
      `sslmode=${tls} is none of ${tlsModes.join(', ')}: it must not depend on the server`,
    )
  }
  const target = options.get('target_session_attrs') ?? 'read-write'
  if (target !== 'read-write') throw wrong('target_session_attrs is always read-write')
  return { tls: tls as TlsMode, ...(roots === null ? {} : { rootCertificates: roots }) }
}

function isLocal({ host }: PostgresHost): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function parseBoolean(name: string, text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  throw wrong(`${name}=${text} is neither true nor false`)
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw wrong('a % in it is followed by no two hexadecimal digits')
  }
}

function wrong(what: string): Failure {
  return new Failure('invalid', `the catalog's URL: ${what}`)
}
