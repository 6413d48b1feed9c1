import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { join } from 'node:path'
import * as z from 'zod/mini'
import redshift from '../../src/warehouses/redshift.ts'
import { trustRules } from '../../src/trust/rules.ts'
import { GITHUB, PINNED, REGION } from '../support/aws/bench.ts'
import {
  APPLICATION,
  CENTER_HOST,
  INSTANCE,
  openCenterBench,
  type CenterBench,
} from '../support/aws/center-bench.ts'
import type { CenterCall } from '../support/aws/identity-center.ts'
import { runInShell } from '../support/aws/real-shell.ts'
import { serversBin } from '../support/aws/site.ts'
import { runChild } from '../support/child.ts'
import { grantOf } from '../support/claims-of.ts'
import { secure } from '../support/tls.ts'

const MAIN = { ...PINNED, ref: 'refs/heads/main' }

let bench: CenterBench
beforeEach(async () => {
  bench = await openCenterBench()
  await bench.trust([MAIN])
})
afterEach(async () => {
  await bench[Symbol.asyncDispose]()
})

async function python(script: string, ask: unknown, env: Readonly<Record<string, string>> = {}) {
  const input = `import io, json, sys; sys.stdin = io.StringIO(${JSON.stringify(JSON.stringify(ask))})\n`
  const usual = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' }
  const command = [join(serversBin(), 'python'), '-c', input + script]
  const { exitCode, stdout, stderr } = await runChild(command, { cwd: '/', env: { ...usual, ...env } })
  if (exitCode !== 0) throw new Error(`boto3: ${stderr}`)
  return stdout.trim()
}

/** The same trade by boto3, which reaches the service by its own name. */
async function byBoto3(token: string): Promise<void> {
  const handle = bench.center.handler
  await using service = await secure([CENTER_HOST], {
    answer: (res, req) => handle(req, res, req.url ?? '/'),
  })
  const [session] = bench.cloud.sessions.values()
  const script = `
import boto3
ask = json.load(sys.stdin)
boto3.client('sso-oidc', region_name=ask['region'], **ask['keys']).create_token_with_iam(**ask['args'])
`
  const ask = {
    region: REGION,
    keys: {
      aws_access_key_id: session?.accessKeyId,
      aws_secret_access_key: session?.secretAccessKey,
      aws_session_token: session?.sessionToken,
    },
    args: {
      clientId: APPLICATION,
      grantType: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: token,
    },
  }
  await python(script, ask, { HTTPS_PROXY: `http://127.0.0.1:${service.proxy}`, AWS_CA_BUNDLE: service.ca })
}

/** Every header in which the two may differ, and why. */
const EXPLAINED: Readonly<Record<string, string>> = {
  'accept-encoding': 'botocore says that it takes no packed answer; ours names none, which means the same',
  'amz-sdk-invocation-id': 'an identifier for each call and its tries, of which ours has one',
  'amz-sdk-request': 'the number of the try, and ours has one',
  authorization: 'the signature; its key, scope and headers are compared below',
  connection: 'node says that it keeps the connection',
  'content-length': 'the spaces of JSON',
  'user-agent': 'the names of the clients',
  'x-amz-content-sha256': 'the hash of the body, which this service does not ask for; ours says and signs it',
}

function signedBy(call: CenterCall | undefined): string | undefined {
  const [, key, scope] = /Credential=([^/]+)\/\d+\/([^,]+)/.exec(call?.headers['authorization'] ?? '') ?? []
  return `${key} ${scope}`
}

test('CreateTokenWithIAM is what boto3 sends, and the verifier takes both', async () => {
  await bench.trade()
  await byBoto3(bench.issuer.mint(APPLICATION))
  const [ours, theirs] = bench.center.calls
  expect([ours?.outcome, theirs?.outcome]).toEqual(['ok', 'ok'])
  const { assertion: _mine, ...mine } = ours?.body ?? {}
  const { assertion: _other, ...other } = theirs?.body ?? {}
  expect([ours?.target, mine]).toEqual([theirs?.target, other])
  expect(signedBy(ours)).toBe(signedBy(theirs))
  const names = new Set([...Object.keys(ours?.headers ?? {}), ...Object.keys(theirs?.headers ?? {})])
  names.delete('x-amz-date')
  const different = [...names].filter((name) => ours?.headers[name] !== theirs?.headers[name])
  expect(different.toSorted()).toEqual(Object.keys(EXPLAINED).toSorted())
})

// AWS's own models, as botocore has them: names of options, types, required fields, lengths and patterns.
const VALIDATE = `
import botocore.session
from botocore import xform_name
from botocore.validate import ParamValidator
session = botocore.session.get_session()
leaves, faults = [], []

def parsed(shape, values):
    text = values[0]
    if shape.type_name in ('structure', 'map') or (shape.type_name == 'list' and text[:1] in '[{'):
        return json.loads(text) if text[:1] in '[{' else dict(part.split('=', 1) for part in text.split(','))
    if shape.type_name == 'list': return list(values)
    if shape.type_name in ('integer', 'long'): return int(text)
    return text

def walk(where, shape, value):
    if getattr(shape, 'is_document_type', False): return
    if shape.type_name == 'structure':
        for name, one in value.items(): walk(f'{where}.{name}', shape.members[name], one)
    elif shape.type_name == 'list':
        for one in value: walk(where, shape.member, one)
    elif shape.type_name == 'string':
        meta = shape.metadata
        leaves.append({'where': where, 'value': value, 'pattern': meta.get('pattern'), 'max': meta.get('max'), 'enum': list(getattr(shape, 'enum', []))})

for words in json.load(sys.stdin):
    service, command, *rest = words
    model = session.get_service_model(service)
    operation = {xform_name(name, '-'): name for name in model.operation_names}[command]
    shape = model.operation_model(operation).input_shape
    members = {xform_name(name, '-'): (name, one) for name, one in shape.members.items()}
    options, last = {}, None
    for word in rest:
        if word.startswith('--'): last = options.setdefault(word[2:], [])
        else: last.append(word)
    params = {}
    for option, values in options.items():
        if option in ('region', 'query', 'output'): continue
        if option not in members: faults.append(f'{operation}: no option --{option}'); continue
        name, one = members[option]
        params[name] = parsed(one, values)
    report = ParamValidator().validate(params, shape)
    if report.has_errors(): faults.append(f'{operation}: {report.generate_report()}')
    else: walk(operation, shape, params)
print(json.dumps({'leaves': leaves, 'faults': faults}))
`

const Verdict = z.object({
  faults: z.array(z.string()),
  leaves: z.array(
    z.object({
      where: z.string(),
      value: z.string(),
      pattern: z.nullable(z.string()),
      max: z.nullable(z.number()),
      enum: z.array(z.string()),
    }),
  ),
})

/** Java escapes what JavaScript takes only as it is. */
const patternOf = (text: string): RegExp => new RegExp(`^(?:${text.replaceAll(/\\([_:@=,#])/g, '$1')})$`, 'u')

async function faultsOf(given: readonly (readonly string[])[]) {
  const { faults, leaves } = Verdict.parse(JSON.parse(await python(VALIDATE, given)))
  const flawed = leaves.filter(
    ({ value, pattern, max, enum: values }) =>
      (pattern !== null && !patternOf(pattern).test(value)) ||
      (max !== null && value.length > max) ||
      (values.length > 0 && !values.includes(value)),
  )
  return {
    faults: [...faults, ...flawed.map(({ where, value }) => `${where}: ${value}`)],
    checked: leaves.length,
  }
}

/** Every command of both kinds of trade, as a shell has expanded it. */
async function commands(): Promise<readonly (readonly string[])[]> {
  const connection = {
    type: 'redshift',
    method: 'oauth_token_identity_center',
    host: 'analytics.123456789012.eu-west-1.redshift-serverless.amazonaws.com',
    dbname: 'dev',
    schema: 'analytics',
  }
  const rules = trustRules([grantOf(MAIN, 'prod', 'grants[0]')], 'prod')
  const via = 'aws-identity-center'
  const request = {
    target: 'prod',
    via,
    issuer: GITHUB,
    audience: INSTANCE,
    audiences: [INSTANCE],
    rules,
    identity: 'AWSIDC:dbt-prod',
  }
  const documents = [...(await bench.documents([MAIN])), ...(await redshift.bind(connection).trust(request))]
  const shell = documents.filter(({ language }) => language === 'sh')
  return (await runInShell(shell.map(({ text }) => text))).map(({ words }) => words)
}

describe('the commands of the trust', () => {
  test('are what AWS’s own models take, each value by its pattern', async () => {
    const { faults, checked } = await faultsOf(await commands())
    expect(faults).toEqual([])
    expect(checked).toBeGreaterThan(50)
  })

  test('would be told where a name is misspelt, a field is missing or a value does not fit', async () => {
    const [issuer = []] = await commands()
    const misspelt = issuer.map((word) => (word === '--instance-arn' ? '--instance' : word))
    const unfit = issuer.map((word) => word.replace('"sub"', '"job.workflow-ref"'))
    const { faults } = await faultsOf([misspelt, unfit])
    expect(faults).toEqual([
      'CreateTrustedTokenIssuer: no option --instance',
      expect.stringContaining('Missing required parameter in input: "InstanceArn"'),
      expect.stringContaining('ClaimAttributePath: job.workflow-ref'),
    ])
  })
})
