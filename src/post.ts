import { exchanges } from './exchanges/index.ts'
import { DbtOidcError } from './errors.ts'
import { openHost, type Host } from './host.ts'
import { ioOf } from './io.ts'
import { removeRemains, remainsOf } from './remains.ts'
import { REVOCATION_FILE, unseal } from './revocation.ts'
import { createTokens } from './token/tokens.ts'
import { join } from 'node:path'

/** What cleans up, whatever became of the step: revoke, end, remove. Only what this very step left is touched. */
export async function post(): Promise<void> {
  const never = new AbortController().signal
  const host = openHost(process.env, { signal: never, kill: never })
  process.exitCode = (await cleanUp(host)) ? 0 : 1
  host.writer.close()
  process.exit()
}

async function cleanUp(host: Host): Promise<boolean> {
  const remains = remainsOf(host)
  if (!remains) return true
  const sealed = await host.read(join(remains.path, REVOCATION_FILE))
  let clean = true
  // The directory goes even where the other side cannot be reached: what stays valid must not stay readable.
  if (sealed.kind === 'text') clean = await attempt(host, () => revoke(host, sealed.text, remains.key))
  return (await attempt(host, () => removeRemains(host, remains))) && clean
}

async function revoke(host: Host, sealed: string, key: string): Promise<void> {
  const { via, settings, audience, issuer, credential } = unseal(sealed, key)
  const exchange = exchanges.get(via)?.bind(settings)
  if (!exchange?.revoke) return
  const { writer } = host
  const tokens = createTokens({ ...host, issuer, mask: writer.mask })
  await exchange.revoke(
    credential,
    ioOf(host, (line) => writer.line(line)),
    () => tokens.decision(audience),
  )
  writer.line(`The credential from ${via} was revoked.`)
}

async function attempt(host: Host, work: () => Promise<void>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    const text = error instanceof DbtOidcError ? `${error.problem} ${error.remedy}` : 'An unexpected fault.'
    host.writer.error(`Cleaning up did not succeed. ${text}`, { title: 'dbt-oidc' })
    return false
  }
}
