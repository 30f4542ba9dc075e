/** Log lines by pino: JSON for machines, one plain line for people. */
import { type DestinationStream, type Logger, pino } from 'pino'
import type { Log, LogFields } from './log.ts'
import { type LogGate, type LogLevels, rootLogger } from './log-levels.ts'

export interface PinoLogOptions {
  /** Asked for every line; learns the name of every part. */
  readonly levels: LogLevels
  readonly format: 'json' | 'pretty'
  /** Takes whole lines. */
  readonly write: (line: string) => void
}

export function pinoLog({ levels, format, write }: PinoLogOptions): Log {
  const destination: DestinationStream =
    format === 'json' ? { write } : { write: (line) => write(plain(line)) }
  const options = { level: 'trace', base: null, timestamp: pino.stdTimeFunctions.isoTime }
  const serializers = { error: pino.stdSerializers.err }
  const formatters = { level: (label: string) => ({ level: label }) }
  const logger = pino({ ...options, formatters, serializers }, destination)
  return wrap(logger, levels, levels.gate(rootLogger))
}

function wrap(logger: Logger, levels: LogLevels, gate: LogGate): Log {
  return {
    debug: (fields, message) => {
      if (gate.allows('DEBUG')) logger.debug(fields, message)
    },
    info: (fields, message) => {
      if (gate.allows('INFO')) logger.info(fields, message)
    },
    warn: (fields, message) => {
      if (gate.allows('WARN')) logger.warn(fields, message)
    },
    error: (fields, message) => {
      if (gate.allows('ERROR')) logger.error(fields, message)
    },
    child: (fields) => {
      const own = typeof fields['part'] === 'string' ? levels.gate(fields['part']) : gate
      return wrap(logger.child(fields), levels, own)
    },
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
