/**
 * Which lines are logged: by part of the broker, and for parts of which nothing is said by the
 * root's level. Changes count at once (Kafka's BROKER_LOGGER resources, KIP-412), and end with the
 * process.
 */

/** Kafka's names, from all lines to almost none. Our own lines are DEBUG to ERROR. */
export const logLevelNames = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const
export type LogLevel = (typeof logLevelNames)[number]

export const rootLogger = 'root'

/** Whether a part's lines of a level are logged. */
export interface LogGate {
  allows(level: LogLevel): boolean
}

const rankOf = (level: LogLevel): number => logLevelNames.indexOf(level)

export class LogLevels {
  #root: LogLevel
  /** By part; undefined: as the root. Parts do not come and go. */
  readonly #own = new Map<string, LogLevel | undefined>()

  constructor(root: LogLevel) {
    this.#root = root
  }

  /** What holds, by logger: the root and every part that has asked for a gate. */
  all(): Map<string, LogLevel> {
    const levels = new Map([[rootLogger, this.#root]])
    for (const [part, own] of this.#own) levels.set(part, own ?? this.#root)
    return levels
  }

  has(logger: string): boolean {
    return logger === rootLogger || this.#own.has(logger)
  }

  /** `logger` must be there. */
  set(logger: string, level: LogLevel): void {
    if (logger === rootLogger) this.#root = level
    else this.#own.set(logger, level)
  }

  /** From now on as the root. The root itself stays what it is. */
  unset(logger: string): void {
    if (logger !== rootLogger) this.#own.set(logger, undefined)
  }

  /** Of a part, or of the root. */
  gate(logger: string): LogGate {
    if (!this.has(logger)) this.#own.set(logger, undefined)
    return { allows: (level) => rankOf(level) >= rankOf(this.#own.get(logger) ?? this.#root) }
  }
}

/** As the option `log.level` writes it. */
export function logLevelOf(text: 'debug' | 'info' | 'warn' | 'error'): LogLevel {
  const levels = { debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR' } as const
  return levels[text]
}

export function isLogLevel(text: string): text is LogLevel {
  return (logLevelNames as readonly string[]).includes(text)
}
