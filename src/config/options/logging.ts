/** The broker’s own log. */
export const loggingOptions = {
  'log.level': {
    type: 'choice',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error'],
    doc: 'The least important lines that are logged.',
    flag: 'log-level',
    shape: 'LEVEL',
  },
  'log.format': {
    type: 'choice',
    default: 'json',
    choices: ['json', 'pretty'],
    doc: 'One JSON object per line on standard error, or text for people.',
    flag: 'log-format',
    shape: 'FORMAT',
  },
} as const
