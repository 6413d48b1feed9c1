import { Command, InvalidArgumentError } from 'commander'
import { configured, readsConfiguration } from '../configuration.ts'
import { EXIT } from '../exit.ts'
import { rotate, type Value } from '../rotate.ts'
import { expectFiles } from '../rotate/evidence.ts'
import type { Given } from '../sources.ts'
import { onlyTarget } from '../targets.ts'

interface Options extends Given {
  readonly audience?: string
  readonly set?: readonly Value[]
  readonly was?: readonly Value[]
  readonly audit?: readonly string[]
  readonly trust?: readonly string[]
  readonly quiet: number
  readonly unchecked?: boolean
  readonly write?: boolean
  readonly out?: string
  readonly json?: boolean
}

/** `rotate`: the quarterly change of a target's trust, in two phases between which every run goes on. */
export function rotateCommand(): Command {
  return readsConfiguration(new Command('rotate'))
    .description('plans the change of a trust in two phases, so that no run fails meanwhile')
    .option('--target <name>', 'the target (needless where there is one)')
    .option('--audience <text>', 'the new audience (default: the present one with the quarter of the year)')
    .option(
      '--set <key=value...>',
      'changes a value of the target instead: identity.role=…, connection.user=…',
      edits,
    )
    .option('--was <key=value...>', 'what --set has replaced: the second phase of such a change', edits)
    .option('--audit <file...>', 'audit logs since the move, to see that nothing uses the old one')
    .option('--trust <file...>', 'what the platform prints of the trust, where it tells when it was used')
    .option('--quiet <hours>', 'how long the old one must be unused; a run may live so long', hours, 24)
    .option('--unchecked', 'prints the second phase whatever still uses the old one')
    .option('--write', 'changes the policy file as printed')
    .option('--out <directory>', 'writes each document into a file of its own')
    .option('--json', 'the phase as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async ({ set = [], was = [], audit = [], trust = [], quiet, ...options }: Options) => {
      // What is to be looked at later is missed before anything is planned on it.
      await expectFiles([...audit, ...trust])
      const found = await configured(options)
      const free = await rotate(found, onlyTarget(found.config, options.target), {
        ...options,
        set,
        was,
        looking: { audit, shown: trust, quiet },
        unchecked: options.unchecked === true,
        write: options.write === true,
        json: options.json === true,
      })
      if (!free) process.exitCode = EXIT.no
    })
}

function edits(text: string, before: readonly Value[] = []): readonly Value[] {
  const [, keys = '', value = ''] = /^([a-z][\w-]*(?:\.[a-z][\w-]*)*)=(.+)$/s.exec(text) ?? []
  if (keys === '') throw new InvalidArgumentError('It is written as identity.role=VALUE.')
  return [...before, { path: keys.split('.'), value }]
}

function hours(text: string): number {
  const number = Number(text)
  if (!Number.isFinite(number) || number < 0) throw new InvalidArgumentError('It is a number of hours.')
  return number
}

const EXAMPLES = `
Examples:
  dbt-oidc rotate --target prod
  dbt-oidc rotate --target prod --audit audit/*.jsonl --write
  dbt-oidc rotate --target prod --set identity.role=arn:aws:iam::123456789012:role/dbt-2
`
