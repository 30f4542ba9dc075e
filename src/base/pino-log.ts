/** Log lines by pino: JSON for machines, one plain line for people. */
import { type DestinationStream, type Logger, pino } from 'pino'
import type { Log, LogFields } from './log.ts'

export interface PinoLogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly format: 'json' | 'pretty'
  /** Takes whole lines. */
  readonly write: (line: string) => void
}

export function pinoLog({ level, format, write }: PinoLogOptions): Log {
  const destination: DestinationStream =
    format === 'json' ? { write } : { write: (line) => write(plain(line)) }
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  const serializers = { error: pino.stdSerializers.err }
  const formatters = { level: (label: string) => ({ level: label }) }
  return wrap(pino({ ...options, formatters, serializers }, destination))
}

function wrap(logger: Logger): Log {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => wrap(logger.child(fields)),
  }
}

/** `12:00:01.123 warn kafka message key=value …` */
function plain(line: string): string {
  const { time, level, msg, part, ...rest } = JSON.parse(line) as LogFields
  const clock = String(time).slice(11, 23)
  const pairs = Object.entries(rest).map(([key, value]) => `${key}=${text(value)}`)
  const words = [
    clock,
    String(level).padEnd(5),
    typeof part === 'string' ? part : '',
    String(msg),
    ...pairs,
  ]
  return `${words.filter((word) => word !== '').join('  ')}\n`
}

const text = (value: unknown): string =>
  typeof value === 'string' && !value.includes(' ') ? value : JSON.stringify(value)
