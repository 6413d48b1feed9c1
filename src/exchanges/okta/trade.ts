import type { Mint } from '../../claims.ts'
import type { Credential } from '../../credential.ts'
import type { Fresh, Io, Want } from '../../exchange.ts'
import { patiently, retry } from '../../retry.ts'
import { CLIENT_ASSERTION } from '../oauth/body.ts'
import { askForToken, askToRevoke } from '../oauth/token-endpoint.ts'
import { assertion, tokenUrl } from './assertion.ts'
import type { Settings } from './settings.ts'
import { signerOf } from './signer.ts'

/** Signs who the app is, and asks for its token. */
export async function trade(s: Settings, want: Want, mint: Mint, io: Io): Promise<Credential> {
  const attempt = async (left: number) => {
    const proof = await assertion(s, tokenUrl(s), signerOf(s.signer), mintFor(mint, want.audience), io, left)
    const scope = s.scope ?? want.scope
    return askForToken(
      {
        url: io.at(tokenUrl(s)),
        who: 'Okta',
        parameters: [
          ['grant_type', 'client_credentials'],
          ...(scope === undefined ? [] : [['scope', scope] as const]),
          ...provenBy(proof),
        ],
        secrets: [proof],
      },
      io,
      left,
    )
  }
  return retry(attempt, patiently(io))
}

function provenBy(proof: string): readonly (readonly [string, string])[] {
  return [
    ['client_assertion_type', CLIENT_ASSERTION],
    ['client_assertion', proof],
  ]
}

/** The target's own audience in place of what the keeper of the key expects. */
function mintFor(mint: Mint, audience: string | undefined): Mint {
  return audience === undefined ? mint : () => mint(audience)
}

/** Gives the token back, with a new proof of who the app is. */
export async function revoke(s: Settings, credential: Credential, io: Io, fresh: Fresh): Promise<void> {
  if (credential.kind !== 'bearer') return
  const url = `${s.url}/v1/revoke`
  const proof = await assertion(s, url, signerOf(s.signer), () => fresh(), io, 15_000)
  const parameters = [
    ['token', credential.token],
    ['token_type_hint', 'access_token'],
    ...provenBy(proof),
  ] as const
  await askToRevoke({ url: io.at(url), who: 'Okta', parameters, secrets: [credential.token, proof] }, io)
}
