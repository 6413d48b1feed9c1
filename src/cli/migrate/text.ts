import { createTwoFilesPatch } from 'diff'
import { POLICY_PATH } from '../../config/policy-place.ts'
import type { Plan } from '../../migrate/plan.ts'
import { visible } from '../../policy/visible.ts'

type Told = Plan & { readonly problems: readonly string[] }

/** What is to be known first, then the change as a patch that `git apply` takes. */
export function migrationText(plan: Told, { written }: { readonly written: boolean }): string {
  const parts = [
    list('Secrets that no workflow reads any more, once a run has gone through', [
      ...plan.unneeded.map((name) => `gh secret delete ${name} --repo ${repositoryOf(plan)}`),
      ...(plan.unneeded.length > 0
        ? [
            '(one of an environment: add `--env NAME`; one of the organisation: `--org NAME` instead of `--repo`)',
          ]
        : []),
    ]),
    list('Secrets that are still read', plan.needed),
    list('Not migrated', plan.kept),
    list(`To fill in, in ${POLICY_PATH}`, plan.fillIn),
    list('To know', plan.notes),
    list('The proposal does not hold as it stands', plan.problems),
    list('Then', [
      'dbt-oidc check --all            # who reaches what',
      'dbt-oidc trust                  # what to paste at the other side',
      'dbt-oidc doctor                 # what is still missing',
    ]),
  ]
  const changes = [
    patch(POLICY_PATH, undefined, plan.policy),
    ...plan.workflows.map((one) => patch(one.path, one.before, one.after)),
  ]
  const said = written
    ? list('Written', [POLICY_PATH, ...plan.workflows.map(({ path }) => path)])
    : changes.join('')
  return `${parts.filter((part) => part !== '').join('\n')}\n${said}`.replace(/\n$/, '')
}

function list(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}:\n${lines.map((line) => `  ${visible(line)}\n`).join('')}`
}

function repositoryOf({ policy }: Plan): string {
  return /^repository: (\S+)$/m.exec(policy)?.[1] ?? 'OWNER/NAME'
}

function patch(path: string, before: string | undefined, after: string): string {
  if (before === after) return ''
  const text = createTwoFilesPatch(
    before === undefined ? '/dev/null' : `a/${path}`,
    `b/${path}`,
    before ?? '',
    after,
    undefined,
    undefined,
    { context: 3 },
  )
  const head =
    before === undefined
      ? `diff --git a/${path} b/${path}\nnew file mode 100644\n`
      : `diff --git a/${path} b/${path}\n`
  return `${head}${text.replace(/^=+\n/, '')}`
}
