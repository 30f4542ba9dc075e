/** The broker's loggers as resources that have configs (KIP-412): a name and its level. */
import { isLogLevel, type LogLevels, logLevelNames, rootLogger } from '../base/log-levels.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import type { Broker } from './broker.ts'
import { type Alteration, operations } from './alteration.ts'
import { ownSources } from './config-codes.ts'
import type { ConfigReply } from './describe-resource.ts'
import { fault, type TopicFault } from './topic-rules.ts'

const ofRoot = 'The least important lines that are logged. At the start it is log.level.'
const ofPart = 'The level of lines of this part. Until it is set it is that of root.'

export function describeLoggers({ logLevels }: Broker): ConfigReply[] {
  return Array.from(logLevels.all(), ([name, value]) => ({
    name,
    value,
    readOnly: false,
    configSource: ownSources.brokerLogger,
    isSensitive: false,
    synonyms: [],
    documentation: name === rootLogger ? ofRoot : ofPart,
  }))
}

/** Changes all or nothing. Why it could not; undefined where it did, or could. */
export function alterLoggers(
  { logLevels, log }: Broker,
  alterations: readonly Alteration[],
  validateOnly: boolean,
): TopicFault | undefined {
  for (const each of alterations) {
    const wrong = loggerFault(logLevels, each)
    if (wrong !== undefined) return wrong
  }
  if (validateOnly) return undefined
  for (const { name, operation, value } of alterations) {
    const isSet = operation === operations.set && value !== null && isLogLevel(value)
    if (isSet) logLevels.set(name, value)
    else logLevels.unset(name)
    log.warn({ logger: name, setTo: isSet ? value : rootLogger }, 'a log level was changed')
  }
  return undefined
}

function loggerFault(
  levels: LogLevels,
  { name, operation, value }: Alteration,
): TopicFault | undefined {
  if (operation === operations.append || operation === operations.subtract) {
    const message = `${name}: a level can be set or deleted, not appended to or subtracted from`
    return fault(ErrorCode.INVALID_REQUEST, message)
  }
  if (!levels.has(name)) {
    const known = [...levels.all().keys()].join(', ')
    return fault(ErrorCode.INVALID_CONFIG, `there is no logger ${name}; there are ${known}`)
  }
  if (operation === operations.set && !isLogLevel(value ?? '')) {
    const message = `${name}: ${value} is no level; there are ${logLevelNames.join(', ')}`
    return fault(ErrorCode.INVALID_CONFIG, message)
  }
  if (operation !== operations.delete || name !== rootLogger) return undefined
  return fault(ErrorCode.INVALID_REQUEST, 'the level of the root cannot be deleted')
}
