/** docs/reference/cli.md, made of what the commands print for --help. */
import { about, commands } from '../src/cli/commands.ts'
import type { CommandTable } from '../src/cli/dispatch.ts'

interface Named {
  readonly name: string
  readonly summary: string
  readonly help: string
}

async function leaves(prefix: string, table: CommandTable): Promise<Named[]> {
  const found: Named[] = []
  for (const load of Object.values(table)) {
    const { name, summary, help, front } = await load()
    if (front !== undefined) found.push(...(await leaves(front.name, front.commands)))
    else found.push({ name: `${prefix} ${name}`, summary, help })
  }
  return found
}

/** The whole page. */
export async function cliReference(): Promise<string> {
  const all = await leaves('karst', commands)
  return [
    '# Commands',
    '',
    'Made by `npm run docs` from the help texts in src/cli: edit those.',
    '',
    about,
    '',
    'Exit codes: 0 it worked; 1 it was tried and did not work, standard error says why; 2 what was',
    'typed was not understood, nothing was tried. Results are on standard output: aligned on a',
    'terminal, with tabs in a pipe, as JSON with `--json`. `karst topic`, `produce`, `consume` and',
    '`group` work with any Kafka cluster whose listeners ask for neither TLS nor SASL.',
    '',
    ...all.flatMap(({ name, summary }) => [
      `- [${name}](#${name.replaceAll(' ', '-')}): ${summary}`,
    ]),
    ...all.flatMap(({ name, help }) => ['', `## ${name}`, '', '```text', help.trimEnd(), '```']),
    '',
  ].join('\n')
}
