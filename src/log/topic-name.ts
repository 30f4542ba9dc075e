/** Which names a topic may have: Kafka's rule, because clients check it too. */

const nameMax = 249
const legal = /^[a-zA-Z0-9._-]+$/

/** Why `name` cannot be a topic's; undefined where it can. */
export function topicNameFault(name: string): string | undefined {
  if (name === '') return 'the topic name is empty'
  if (name === '.' || name === '..') return `the topic name cannot be '${name}'`
  if (name.length > nameMax) {
    return `the topic name has ${name.length} characters, at most ${nameMax} may be`
  }
  if (!legal.test(name)) {
    return `topic name ${JSON.stringify(name)}: only ASCII letters, digits, '.', '_' and '-' may be`
  }
  return undefined
}

/** Kafka's metric names make '.' and '_' the same: topics that differ in nothing else collide. */
export function metricName(name: string): string {
  return name.replaceAll('.', '_')
}
