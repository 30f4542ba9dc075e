/** docs/reference/registry-api.md, made of the routes that the registry serves. */
import { contractRoutes } from '../src/contract/http/contract-routes.ts'
import { discoveryRoutes } from '../src/contract/http/discovery-routes.ts'
import { queryParameters } from '../src/registry/http/query-parameters.ts'
import type { Route } from '../src/registry/http/route.ts'
import { registryRoutes } from '../src/registry/http/router.ts'

const row = (...cells: string[]): string =>
  `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`

/** Routes by the first part of their path, in the order in which they are served. */
const sections: Readonly<Record<string, string>> = {
  subjects: 'Subjects and versions',
  compatibility: 'Compatibility',
  schemas: 'Schemas',
  config: 'Config',
  mode: 'Mode',
  contexts: 'Contexts',
  'dek-registry': 'Keys',
  associations: 'Associations',
  contracts: 'Event contracts',
  '': 'The registry itself',
}

const sectionOf = ({ path }: Route): string => {
  const first = path.split('/')[1]?.split(':')[0] ?? ''
  return sections[first] ?? 'The registry itself'
}

function table(routes: readonly Route[]): string[] {
  return [
    row('Method', 'Path', 'What', 'Parameters'),
    row('---', '---', '---', '---'),
    ...routes.map(({ method, path, summary, query = [] }) =>
      row(method, `\`${path}\``, summary, query.map((name) => `\`${name}\``).join(', ')),
    ),
    '',
  ]
}

/** The whole page. */
export const registryReference = (): string => {
  // Only what routes say of themselves is read: there is nothing here to answer with.
  const none = undefined as never
  const routes = [...registryRoutes, ...contractRoutes(none), ...discoveryRoutes(none)]
  const bySection = Map.groupBy(routes, sectionOf)
  return [
    '# The registry’s HTTP API',
    '',
    'Made by `npm run docs` from the routes in src/registry/http: edit those.',
    '',
    'Every path may have `/contexts/NAME` in front: subjects that name no context are then of that',
    'one. `GET` paths answer `HEAD`, too. Bodies and answers are JSON. What the registry is, what',
    'it answers where it refuses, what differs from Confluent’s: [registry.md](../registry.md).',
    '',
    ...Object.values(sections).flatMap((title) => [
      `## ${title}`,
      '',
      ...table(bySection.get(title) ?? []),
    ]),
    '## Parameters',
    '',
    'Those that are true or false are true without a value, too.',
    '',
    row('Parameter', 'Meaning'),
    row('---', '---'),
    ...Object.entries(queryParameters).map(([name, doc]) => row(`\`${name}\``, doc)),
    '',
  ].join('\n')
}
