import { audienceOf, audiencesOf, wantOf, type Target } from '../config/target.ts'
import type { Claims } from '../claims.ts'
import { DbtOidcError } from '../errors.ts'
import { partyOf, refuseUnwritten, type Granting } from './party.ts'
import type { Trusted } from './refusal.ts'
import { commonTo, trustRules, type SubjectForm } from './rules.ts'
import type { TrustDocument, TrustFormat, TrustRequest } from '../trust.ts'

/** What the other side of a target is asked to trust, by the grants of this very configuration. */
export function trustRequest(config: Granting, target: Target, form?: SubjectForm): TrustRequest {
  const { issuer, other, grants } = partyOf(config, target.name)
  const rules = trustRules(grants, target.name, form, other)
  const [subject = ''] = rules.flatMap(({ subjects }) => subjects)
  const claims: Claims = {
    ...(other && { from: other.name }),
    iss: issuer,
    sub: subject,
    aud: audienceOf(target),
    jti: '',
    iat: 0,
    exp: 0,
    all: commonTo(rules),
  }
  return {
    target: target.name,
    via: target.via,
    issuer,
    other,
    audience: audienceOf(target),
    audiences: audiencesOf(target),
    rules,
    identity: target.exchange.identity(wantOf(target), claims),
    issued: target.exchange.issues(),
    makes: target.exchange.makes(),
  }
}

/** Everything to be pasted for a target: where the token is traded first, then in the warehouse. */
export async function trustDocuments(
  config: Granting,
  target: Target,
  form?: SubjectForm,
  format?: TrustFormat,
): Promise<readonly TrustDocument[]> {
  const request = trustRequest(config, target, form)
  if (request.rules.length === 0) return []
  refuseUnwritten(request, target)
  const { exchange, warehouse } = await documentsOf(target, request, format)
  return [...exchange, ...warehouse]
}

async function documentsOf(
  target: Target,
  request: TrustRequest,
  format?: TrustFormat,
): Promise<Trusted['documents']> {
  return {
    exchange: target.acceptance.wholeTrust
      ? []
      : await target.exchange.trust(wantOf(target), request, format),
    warehouse: await target.bound.trust(request, format),
  }
}

/** The same for the explanation of a refusal, where a statement that cannot be made must not hide the refusal. */
export async function trustedBy(config: Granting, target: Target): Promise<Trusted> {
  const request = trustRequest(config, target)
  const nothing = { exchange: [], warehouse: [] }
  try {
    if (request.rules.length === 0) return { request, documents: nothing }
    refuseUnwritten(request, target)
    const documents = await documentsOf(target, request)
    // Who trades is the warehouse then, whoever says the refusal.
    return {
      request,
      documents: target.acceptance.wholeTrust ? { ...documents, exchange: documents.warehouse } : documents,
    }
  } catch (error) {
    if (error instanceof DbtOidcError) return { request, documents: nothing }
    throw error
  }
}
