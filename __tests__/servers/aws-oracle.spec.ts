import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { join } from 'node:path'
import { ACCOUNT, HOST, openBench, PINNED, REGION, ROLE, type Bench } from '../support/aws/bench.ts'
import { serversBin } from '../support/aws/site.ts'
import type { Call } from '../support/aws/sts.ts'
import { runChild } from '../support/child.ts'
import { verifyPresigned } from '../support/aws/sigv4.ts'

const SETTINGS = {
  role: ROLE,
  region: REGION,
  duration: 1800,
  'session-policies': ['arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'],
  'session-policy': '{"Version":"2012-10-17","Statement":[]}',
}
const LINK = {
  role: `arn:aws:iam::${ACCOUNT}:role/warehouse`,
  'external-id': 'acme',
  'session-tags': ['repository', 'ref'],
}

// The same job for boto3. Its endpoint is set here, as no workflow could set ours.
const SCRIPT = `
import json, sys, boto3
from botocore.config import Config
from botocore import UNSIGNED
ask = json.load(sys.stdin)
if ask['do'] == 'token':
    rds = boto3.client('rds', region_name=ask['region'], **ask['keys'])
    print(rds.generate_db_auth_token(**ask['args']))
else:
    config = Config(signature_version=UNSIGNED) if ask['do'] == 'assume_role_with_web_identity' else Config()
    sts = boto3.client('sts', region_name=ask['region'], endpoint_url=ask['endpoint'], config=config, **ask['keys'])
    sts.meta.events.register('before-send.sts.*', lambda request, **_: request.headers.__setitem__('Host', '${HOST}') and None)
    getattr(sts, ask['do'])(**ask['args'])
`

let bench: Bench
beforeEach(async () => {
  bench = await openBench()
})
afterEach(async () => {
  await bench[Symbol.asyncDispose]()
})

async function boto3(ask: Record<string, unknown>): Promise<string> {
  const script = `import io, sys; sys.stdin = io.StringIO(${JSON.stringify(JSON.stringify(ask))})\n${SCRIPT}`
  const python = join(serversBin(), 'python')
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' }
  const { exitCode, stdout, stderr } = await runChild([python, '-c', script], { cwd: '/', env })
  if (exitCode !== 0) throw new Error(`boto3: ${stderr}`)
  return stdout.trim()
}

/** Every field in which the two may differ, and why. */
const EXPLAINED: Readonly<Record<string, string>> = {
  'headers accept-encoding':
    'botocore says that it takes no packed answer; ours names none, which means the same',
  'headers amz-sdk-invocation-id': 'an identifier for each call and its tries, of which ours has one',
  'headers amz-sdk-request': 'the number of the try, and ours has one',
  'headers connection': 'node says that it keeps the connection',
  'headers content-type': 'botocore names the character set, which the form does not need',
  'headers user-agent': 'the names of the clients',
}

/** The names of the fields in which two calls differ. */
function differences(ours: Call | undefined, theirs: Call | undefined): string[] {
  const found: string[] = []
  for (const part of ['form', 'headers'] as const) {
    const [mine, other] = [entriesOf(ours, part), entriesOf(theirs, part)]
    for (const name of new Set([...mine.keys(), ...other.keys()]))
      if (mine.get(name) !== other.get(name)) found.push(`${part} ${name}`)
  }
  return found
}

function entriesOf(call: Call | undefined, part: 'form' | 'headers'): ReadonlyMap<string, string> {
  const value = call?.[part] ?? {}
  return value instanceof Map ? value : new Map(Object.entries(value))
}

test('AssumeRoleWithWebIdentity is what boto3 sends, but for the names of the client and its encoding', async () => {
  await bench.trust(SETTINGS, [{ ...PINNED, ref: 'refs/heads/main' }])
  await bench.trade(SETTINGS)
  await boto3({
    do: 'assume_role_with_web_identity',
    region: REGION,
    endpoint: `${bench.issuer.serverUrl}/_at/${HOST}`,
    keys: {},
    args: {
      RoleArn: ROLE,
      RoleSessionName: 'dbt-456-900001-1',
      WebIdentityToken: bench.tokens[0]?.text,
      DurationSeconds: 1800,
      PolicyArns: [{ arn: SETTINGS['session-policies'][0] }],
      Policy: SETTINGS['session-policy'],
    },
  })
  const [ours, theirs] = bench.sts.calls
  expect(theirs?.outcome).toBe('ok')
  expect(differences(ours, theirs).toSorted()).toEqual(Object.keys(EXPLAINED).toSorted())
})

test('AssumeRole is what boto3 sends, signed for the same service, region and headers', async () => {
  const settings = { role: ROLE, region: REGION, chain: [LINK] }
  await bench.trust(settings, [{ ...PINNED, ref: 'refs/heads/main' }])
  await bench.trade(settings)
  const [between] = bench.cloud.sessions.values()
  await boto3({
    do: 'assume_role',
    region: REGION,
    endpoint: `${bench.issuer.serverUrl}/_at/${HOST}`,
    keys: {
      aws_access_key_id: between?.accessKeyId,
      aws_secret_access_key: between?.secretAccessKey,
      aws_session_token: between?.sessionToken,
    },
    args: {
      RoleArn: LINK.role,
      RoleSessionName: 'dbt-456-900001-1',
      ExternalId: 'acme',
      DurationSeconds: 3600,
      Tags: [
        { Key: 'repository', Value: 'o/r' },
        { Key: 'ref', Value: 'refs/heads/main' },
      ],
    },
    // boto3 signs for the address that it was given, so the stand-in refuses what it sends; the call itself is compared.
  }).catch(() => undefined)
  const [, ours, theirs] = bench.sts.calls
  const entries = [ours, theirs].map((call) => ({
    form: Object.fromEntries(call?.form ?? []),
    scope: scopeOf(call),
  }))
  expect(entries[0]).toEqual(entries[1])
})

function scopeOf(call: Call | undefined): string | undefined {
  return /Credential=[^/]+\/\d+\/([^,]+)/.exec(call?.headers['authorization'] ?? '')?.[1]
}

test('the password for RDS is the one of boto3, and both are accepted', async () => {
  const settings = { role: ROLE, region: REGION }
  await bench.trust(settings, [{ ...PINNED, ref: 'refs/heads/main' }])
  const want = {
    kind: 'password',
    host: 'db.c1.eu-west-1.rds.amazonaws.com',
    port: 5432,
    user: 'dbt_prod',
  } as const
  const ours = await bench.trade(settings, want)
  const [session] = bench.cloud.sessions.values()
  const theirs = await boto3({
    do: 'token',
    region: REGION,
    keys: {
      aws_access_key_id: session?.accessKeyId,
      aws_secret_access_key: session?.secretAccessKey,
      aws_session_token: session?.sessionToken,
    },
    args: { DBHostname: want.host, Port: want.port, DBUsername: want.user },
  })
  if (ours.kind !== 'password') throw new Error('no password')
  const fields = [ours.password, theirs].map((token) => {
    const { host, pathname, searchParams } = new URL(`https://${token}`)
    const { 'X-Amz-Date': _date, 'X-Amz-Signature': _signature, ...rest } = Object.fromEntries(searchParams)
    return { host, pathname, hash: rest['X-Amz-Content-Sha256'], rest: without(rest, 'X-Amz-Content-Sha256') }
  })
  const [mine, other] = fields
  expect({ ...mine, hash: undefined }).toEqual(other)
  // Ours says besides that the body is empty, which every presigned request of this SDK does; it is signed with the rest.
  expect([undefined, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855']).toContain(
    mine?.hash,
  )
  for (const token of [ours.password, theirs]) {
    const keysOf = (id: string) => bench.cloud.sessions.get(id)
    const host = `${want.host}:${want.port}`
    expect(
      verifyPresigned(`https://${token}`, {
        service: 'rds-db',
        region: REGION,
        host,
        now: new Date(),
        keysOf,
      }),
    ).toEqual({ accessKeyId: session?.accessKeyId })
  }
})

function without(fields: Readonly<Record<string, string>>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name))
}
