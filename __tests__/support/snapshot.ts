import type { LoggedRequest } from './issuer-server.ts'
import type { StepResult } from './step.ts'

type Rule = readonly [pattern: RegExp, name: string]

// The particular before the general: a token holds what looks like a digest.
const volatile: readonly Rule[] = [
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<jwt>'],
  [/(?<=<temp>\/[\w.-]*-)[A-Za-z0-9]{6}(?=[\s/"'`)]|$)/gm, '<random>'],
  [/(?<=\/(?:set_output|set_env|save_state|step_summary|add_path)_)\d+/g, '<n>'],
  [/\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/gi, '<uuid>'],
  [/\b[\da-f]{64}\b/g, '<sha256>'],
  [/\b[\da-f]{40}\b/g, '<sha>'],
  [/(?<![\w-])[\w-]{43}(?![\w-])/g, '<digest>'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d| UTC)?/g, '<time>'],
  [/\b\d\d:\d\d:\d\d(?:\.\d+)?\b/g, '<clock>'],
  [/\b\d+(?:\.\d+)?(?= ?(?:ms|s|sec|seconds?|min|minutes?)\b)/g, '<n>'],
  [/\b1[789]\d{8}\b/g, '<epoch>'],
  [/(?<=(?:127\.0\.0\.1|localhost):)\d+/g, '<port>'],
]

/** A text of a step that is the same each time: log, outputs, names of the state, exports, requests in order. */
export function snapshot(result: StepResult): string {
  const sections: [string, readonly string[]][] = [
    ['log', result.log.lines],
    ['outputs', [...result.outputs].map(([name, value]) => `${name}=${value}`)],
    ['state', [...result.state.keys()]],
    ['env', [...result.exportedEnv].map(([name, value]) => `${name}=${value}`)],
    ['requests', result.requests.map(requestLine)],
  ]
  const text = [
    `exit ${result.signal ?? String(result.exitCode)}, ${result.conclusion}`,
    ...sections.flatMap(([title, lines]) => (lines.length === 0 ? [] : [`--- ${title} ---`, ...lines])),
  ].join('\n')
  return `${stable(text, result)}\n`
}

/** Puts names in place of what differs from run to run. */
export function stable(text: string, { paths }: Pick<StepResult, 'paths'>): string {
  const places = [
    [paths.workspace, '<workspace>'],
    [paths.temp, '<temp>'],
    [paths.home, '<home>'],
    [paths.toolCache, '<tools>'],
    [paths.root, '<root>'],
  ] as const
  const named = places.reduce((result, [path, name]) => result.replaceAll(path, name), text)
  return volatile.reduce((result, [pattern, name]) => result.replaceAll(pattern, name), named)
}

function requestLine({ method, path, audience, authorization }: LoggedRequest): string {
  const parts = [method, path, ...(audience === undefined ? [] : [`audience=${audience}`]), authorization]
  return parts.join(' ')
}
