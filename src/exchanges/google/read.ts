import * as z from 'zod/mini'
import { hasKeys, shaped } from '../../trust/export/shape.ts'
import type { Reader } from '../../trust/reader.ts'
import type { Statement } from '../../trust/statement.ts'
import { celText } from './condition.ts'
import { alternativesOf } from './read-condition.ts'

/** A provider (cloud.google.com, REST reference, "projects.locations.workloadIdentityPools.providers"). */
const provider = z.looseObject({
  name: z.string(),
  state: z.optional(z.string()),
  disabled: z.optional(z.boolean()),
  attributeMapping: z.optional(z.record(z.string(), z.string())),
  attributeCondition: z.optional(z.string()),
  oidc: z.looseObject({
    issuerUri: z.string(),
    allowedAudiences: z.optional(z.array(z.string())),
    jwksJson: z.optional(z.string()),
  }),
})

const DESCRIBE = 'gcloud iam workload-identity-pools providers describe'

/** Providers as `gcloud` and the API print them. */
export const reader: Reader = {
  platform: 'Google Cloud',
  sees: 'claims',
  understands: [`${DESCRIBE} … --format json`, `${DESCRIBE.replace('describe', 'list')} … --format json`],
  async read(document) {
    if (isProvider(document)) return [await statementOf(document, [])]
    if (Array.isArray(document) && document.length > 0 && document.every(isProvider))
      return Promise.all(document.map((one, at) => statementOf(one, [at])))
    const list = hasKeys(document, 'workloadIdentityPoolProviders')
      ? document.workloadIdentityPoolProviders
      : undefined
    if (Array.isArray(list) && list.every(isProvider))
      return Promise.all(list.map((one, at) => statementOf(one, ['workloadIdentityPoolProviders', at])))
    return undefined
  },
  write: (claim, values) => {
    if (claim === 'aud') return `--allowed-audiences=${values.join(',')}`
    if (claim === 'iss') return `--issuer-uri=${values.join(',')}`
    const [first = '', ...more] = values.map(celText)
    return more.length === 0
      ? `assertion.${claim} == ${first}`
      : `assertion.${claim} in [${[first, ...more].join(', ')}]`
  },
}

function isProvider(value: unknown): boolean {
  return hasKeys(value, 'name', 'oidc') && hasKeys(value.oidc, 'issuerUri')
}

async function statementOf(value: unknown, path: readonly PropertyKey[]): Promise<Statement> {
  const found = shaped(provider, value, DESCRIBE)
  const mapping = new Map(Object.entries(found.attributeMapping ?? {}))
  const { issuerUri: issuer, allowedAudiences: audiences = [], jwksJson } = found.oidc
  const closed = found.disabled === true || found.state === 'DELETED'
  const alternatives = await alternativesOf(found.attributeCondition ?? '', mapping)
  return {
    platform: reader.platform,
    what: 'provider',
    name: found.name,
    ways: (closed ? [] : alternatives).map((conditions, at) => ({
      name: alternatives.length === 1 ? 'attributeCondition' : `attributeCondition, alternative ${at + 1}`,
      issuer,
      // Without a list it is the provider's own name, with or without `https:`.
      audiences: audiences.length > 0 ? audiences : [`https://iam.googleapis.com/${found.name}`],
      conditions,
      path,
    })),
    settings: new Map([
      ...[...mapping].map(([key, expression]) => [`attributeMapping.${key}`, expression] as const),
      ...(jwksJson === undefined ? [] : [['keys (oidc.jwksJson)', 'uploaded'] as const]),
    ]),
    ...(closed ? { remarks: [`The provider is ${found.disabled === true ? 'disabled' : 'deleted'}.`] } : {}),
  }
}
