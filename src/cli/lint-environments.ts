import type { Config } from '../config.ts'
import type { Line } from '../doctor/line.ts'
import type { Finding } from '../findings.ts'
import { isLiteral } from '../pattern.ts'
import type { Grant } from '../policy.ts'
import { visible } from '../policy/visible.ts'
import { environmentLines } from './doctor/settings.ts'
import type { Ask } from './github.ts'

const SEVERITY = { wrong: 'error', odd: 'warning', open: 'note' } as const

const CODE = { wrong: 'environment-shut', odd: 'environment-open', open: 'environment-untold' } as const

/** Environments that grants lean on and that GitHub gives to more runs, or to fewer, than they say. */
export async function environmentFindings(
  ask: Ask,
  { grants }: Pick<Config, 'grants'>,
  own: string,
): Promise<readonly Finding[]> {
  const repositories = new Set(grants.flatMap((grant) => repositoriesOf(grant, own)))
  const all = await Promise.all(
    [...repositories].map(async (repository) => {
      const here = grants.filter((grant) => repositoriesOf(grant, own).includes(repository))
      const lines = await environmentLines(ask, { repository, grants: here, real: undefined })
      return lines.flatMap(({ name, line }) => findingOf(line, name, here))
    }),
  )
  return all.flat()
}

function repositoriesOf({ when }: Grant, own: string): readonly string[] {
  return (when.get('repository') ?? [own]).filter((name) => name !== '' && isLiteral(name))
}

function findingOf(
  { mark, text, remedy = '', facts = [] }: Line,
  name: string,
  grants: readonly Grant[],
): readonly Finding[] {
  if (mark === 'ok') return []
  const [first = '', ...commands] = remedy.split('\n')
  const [inline = first, command] = first.split(/(?=gh api )/)
  const paste = [...(command === undefined ? [] : [command]), ...commands].join('\n')
  return [
    {
      code: CODE[mark],
      severity: SEVERITY[mark],
      where: grants.find(({ when }) => when.get('environment')?.includes(name))?.place ?? '',
      about: `environment ${visible(name)}`,
      problem: `The ${[text.replace(/\.$/, ''), ...facts].join('; ')}.`,
      remedy:
        inline.trim() || 'Ask with a token that may read it, or look at the settings of the repository.',
      ...(paste !== '' && { paste }),
    },
  ]
}
