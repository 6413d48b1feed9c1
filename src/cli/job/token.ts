import * as z from 'zod/mini'
import { fail } from '../../errors.ts'
import type { Http, HttpRequest } from '../../http.ts'
import { retry } from '../../retry.ts'
import type { Ask } from '../../token/request.ts'
import { jsonIn } from '../../json.ts'
import { tokenInFile } from './token-file.ts'

/** Where the job holds its token: exactly one of the three. */
export interface Holding {
  readonly tokenFile?: string
  readonly tokenVariable?: string
  readonly tokenUrl?: string
  /** `Name: $VARIABLE`, so that no secret stands in the list of arguments. */
  readonly tokenHeader: readonly string[]
  readonly tokenMethod?: 'GET' | 'POST'
}

type Variables = Readonly<Record<string, string | undefined>>

/** The variables by which the job holds a token, or the right to get one: none of them is for dbt. */
export function heldBy({ tokenVariable, tokenHeader }: Holding): readonly string[] {
  const ofHeaders = tokenHeader.flatMap((header) =>
    [...header.matchAll(VARIABLE)].map(([, name = '']) => name),
  )
  return [...(tokenVariable === undefined ? [] : [tokenVariable]), ...ofHeaders]
}

const VARIABLE = /\$\{?([A-Za-z_]\w*)\}?/g

/** Reads the token anew at each call: Kubernetes replaces its file, and an endpoint makes a new one. */
export function holderOf(holding: Holding, env: Variables, http: Http): Ask {
  const { tokenFile, tokenVariable, tokenUrl } = holding
  const given = [tokenFile, tokenVariable, tokenUrl].filter((one) => one !== undefined)
  if (given.length !== 1)
    fail({
      code: 'usage',
      problem: `${given.length === 0 ? 'None' : 'More than one'} of --token-file, --token-variable and --token-url is given.`,
      remedy: 'Say where the token of the job is, once.',
    })
  if (holding.tokenHeader.length > 0 && tokenUrl === undefined)
    fail({ code: 'usage', problem: '--token-header belongs to --token-url.', remedy: 'Leave it out.' })
  if (holding.tokenMethod !== undefined && tokenUrl === undefined)
    fail({ code: 'usage', problem: '--token-method belongs to --token-url.', remedy: 'Leave it out.' })
  if (tokenFile !== undefined) return () => tokenInFile(tokenFile)
  if (tokenVariable !== undefined) return () => Promise.resolve(fromVariable(tokenVariable, env))
  const headers = Object.fromEntries(holding.tokenHeader.map((header) => headerOf(header, env)))
  const method = holding.tokenMethod ?? 'GET'
  return (audience) => {
    const url = (tokenUrl ?? '').replaceAll('{audience}', encodeURIComponent(audience))
    // Node sends the length of nothing only where nothing is said outright.
    return fromUrl({ url, method, headers, ...(method === 'POST' ? { body: '' } : {}) }, http)
  }
}

/** No name is one of those that every object has. */
function valueOf(name: string, env: Variables): string {
  return (Object.hasOwn(env, name) ? env[name] : undefined) ?? ''
}

function fromVariable(name: string, env: Variables): string {
  const text = valueOf(name, env).trim()
  if (text !== '') return text
  return none(
    `The variable ${name} is not set, or empty.`,
    'Have the job be given its token by that name; docs/other-issuers.md says how, system by system.',
  )
}

const answer = z.union([
  z.object({ value: z.string() }),
  z.object({ token: z.string() }),
  z.object({ id_token: z.string() }),
  z.object({ oidcToken: z.string() }),
])

async function fromUrl(request: Omit<HttpRequest, 'deadline' | 'limit'>, http: Http): Promise<string> {
  const get = (left: number) => http({ ...request, deadline: Math.min(left, 10_000), limit: LONGEST })
  const { status, body } = await retry(get, { tries: 4, first: 500, longest: 5000, total: 30_000 })
  if (status !== 200)
    return none(
      `The endpoint of --token-url answered with status ${status}.`,
      'Check the address, and --token-header.',
    )
  const parsed = answer.safeParse(jsonIn(body))
  if (!parsed.success) return body.trim()
  const [text = ''] = Object.values(parsed.data)
  return text
}

function headerOf(header: string, env: Variables): readonly [string, string] {
  const [, name, value] = /^([\w-]+):\s*(.+)$/.exec(header) ?? []
  if (name === undefined || value === undefined || !VARIABLE.test(value))
    return fail({
      code: 'usage',
      problem: 'A --token-header is not of the form `Name: $VARIABLE`.',
      remedy:
        "Write the variable's name, in single quotes for the shell: what stands in an argument can be read by everybody.",
    })
  VARIABLE.lastIndex = 0
  const filled = value.replaceAll(VARIABLE, (_, variable: string) => {
    const text = valueOf(variable, env)
    return text === '' ? none(`The variable ${variable} of --token-header is not set.`, 'Set it.') : text
  })
  return [name.toLowerCase(), filled]
}

function none(problem: string, remedy: string): never {
  return fail({ code: 'id-token-response', problem, remedy })
}

const LONGEST = 64 * 1024
