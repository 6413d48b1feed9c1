// Okta by a key in AWS KMS:
// https://developer.okta.com/docs/api/openapi/okta-oauth/guides/client-auth/ ("JWT with private key"): an app gives its tokens to
//   whoever has signed with a key that it knows, and Okta looks at nothing else of a run.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html: kms:Sign on the key, with the condition key
//   kms:SigningAlgorithm. So whoever opens a session of a role that may do that, gets in.
import { allows } from '../aws/policy.ts'
import { cloudOf, opened } from './aws.ts'
import { textsOf, type Model } from './presented.ts'

const HOW = new Map([['kms:signingalgorithm', 'RSASSA_PKCS1_V1_5_SHA_256']])

/** Lets in whoever may sign, by some role, with the key that the app is given. */
export const okta: Model = (documents) => {
  const texts = textsOf(documents, 'sh')
  const [app = '', ...more] = texts.filter((text) => /^okta /m.test(text))
  const [, key] = /aws kms get-public-key .*--key-id (\S+)/.exec(app) ?? []
  if (key === undefined || more.length > 0) throw new Error('which key does the app have?')
  const cloud = cloudOf(texts.filter((text) => text !== app))
  const sign = { action: 'kms:Sign', resource: key, context: HOW }
  return (claims) => opened(cloud, claims).some(({ policies }) => allows(policies, sign))
}
