import { stringify } from 'yaml'
import type { Exchange } from '../../src/exchange.ts'
import type { Warehouse } from '../../src/warehouse.ts'
import { errorRows, notes } from './errors.ts'
import { pinned } from './versions.ts'
import { exampleFor, wayOf, type Way } from './way.ts'

/** What is generated of the page of one warehouse, out of nothing but its own file and those of its exchanges: trust, snippet, errors. */
export async function warehouseCore(
  warehouse: Warehouse,
  exchanges: ReadonlyMap<string, Exchange>,
): Promise<string> {
  const all = [...warehouse.accepts.keys()].map((via) => wayOf(warehouse, via, exchanges))
  const ways = await Promise.all(all)
  const [first] = ways
  return [
    `Adapter: ${warehouse.type === 'other' ? 'any' : `\`${warehouse.adapter.package}\``}${versions(warehouse)}. The examples are for the repository \`acme/dbt\`, its branch \`main\` and its environment \`production\`.`,
    '',
    ...ways.flatMap((way) => section(warehouse, way)),
    ...errorRows(warehouse.errors, (text) => first?.bound.diagnose(text, first.claims)),
    ...elsewhere(ways),
    ...notes(warehouse.notes),
  ].join('\n')
}

function versions({ adapter }: Warehouse): string {
  return adapter.bad
    .map(
      ({ below, via, reason }) =>
        ` (${below} or later${via ? ` for \`${via.join('`, `')}\`` : ''}: before, ${reason})`,
    )
    .join('')
}

function section(warehouse: Warehouse, way: Way): readonly string[] {
  const { via, spec, documents, bound, exchange } = way
  const hosts = [...new Set([...(exchange?.hosts(bound.want(via)) ?? []), ...bound.hosts()])]
  return [
    via === 'none' ? '## Without an exchange' : `## Via \`${via}\``,
    '',
    `${spec ? `${capital(spec.summary)}. ` : ''}Proven against: **${warehouse.proof[via] ?? 'nothing'}**.`,
    '',
    ...(spec?.experimental === undefined
      ? []
      : [`**Experimental**, and the default nowhere. ${spec.experimental}`, '']),
    ...(warehouse.examples[via]?.about ?? []).flatMap((sentence) => [sentence, '']),
    '### Trust',
    '',
    ...(documents.length === 0
      ? ['Nobody but the action has to trust the token: there is nothing to paste.', '']
      : [
          `From this repository's policy or workflow by \`npx github:OWNER/dbt-oidc#<sha> trust --target prod\`.`,
          '',
          ...documents.flatMap(({ title, language, text }) => [
            `${title}:`,
            '',
            `\`\`\`${language}`,
            text.trimEnd(),
            '```',
            '',
          ]),
        ]),
    '### Workflow',
    '',
    '```yaml',
    snippet(warehouse, way),
    '```',
    '',
    ...(warehouse.examples[via]?.others ?? []).flatMap(({ title, connection }) => [
      `${title}:`,
      '',
      '```yaml',
      stringify({ connection: stringify(connection) }).trimEnd(),
      '```',
      '',
    ]),
    hosts.length === 0
      ? ''
      : `Reaches: ${hosts.map((host) => `\`${host}\``).join(', ')}, and GitHub's token endpoint.`,
    '',
  ]
}

/** What the example names, where the page is for adapters of many names. */
function packageOf(warehouse: Warehouse, via: string): string {
  const { type } = exampleFor(warehouse, via)
  return typeof type !== 'string' || type === warehouse.type ? warehouse.adapter.package : `dbt-${type}`
}

function snippet(warehouse: Warehouse, { via, settings }: Way): string {
  const [standard] = warehouse.accepts.keys()
  const shown = Object.entries(settings).filter(([, value]) => !Array.isArray(value) || value.length > 0)
  const identity = { ...(via === standard ? {} : { via }), ...Object.fromEntries(shown) }
  const step = {
    uses: 'OWNER/dbt-oidc@v1',
    with: {
      install: pinned(packageOf(warehouse, via)),
      run: 'build',
      connection: stringify(exampleFor(warehouse, via)),
      ...(Object.keys(identity).length === 0 ? {} : { identity: stringify(identity) }),
      ref: 'refs/heads/main',
      environment: 'production',
      claims: stringify({ repository_id: 7654321, repository_owner_id: 1234567 }),
    },
  }
  const workflow = {
    name: 'dbt',
    on: { push: { branches: ['main'] } },
    permissions: { 'id-token': 'write', contents: 'read' },
    jobs: {
      dbt: {
        'runs-on': 'ubuntu-latest',
        environment: 'production',
        steps: [{ uses: 'actions/checkout@v4' }, step],
      },
    },
  }
  return stringify(workflow, { lineWidth: 0 }).trimEnd()
}

/** What an exchange refuses stands on its own page. */
function elsewhere(ways: readonly Way[]): readonly string[] {
  const links = ways.flatMap(({ via, spec }) =>
    spec?.errors.length ? [`[\`${via}\`](../exchanges/${via}.md#errors)`] : [],
  )
  return links.length === 0 ? [] : [`What an exchange refuses stands on its page: ${links.join(', ')}.`, '']
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
