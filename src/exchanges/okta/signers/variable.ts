import { createPrivateKey, sign, type KeyObject } from 'node:crypto'
import { fail } from '../../../errors.ts'
import type { Signer } from '../signer.ts'

/** A key in a variable of the step: not without a stored secret, and said so each time. */
export function variableSigner(variable: string): Signer {
  return {
    audience: undefined,
    identity: variable,
    hosts: [],
    async sign(text, _mint, io) {
      io.say(
        `This is not secretless: the private key in ${variable} is stored at GitHub, and whoever reads it can log in from anywhere, without a run. Let AWS KMS, Google KMS or Vault hold it.`,
      )
      const pem = io.variable(variable)
      if (pem === undefined || pem === '')
        return fail({
          code: 'configuration',
          problem: `The variable ${variable}, which should hold the private key for Okta, is not set in this step.`,
          remedy: `Give it to the step: \`env: { ${variable}: "\${{ secrets.${variable} }}" }\`.`,
        })
      io.mask(pem)
      return sign('sha256', Buffer.from(text), keyOf(pem, variable))
    },
  }
}

function keyOf(pem: string, variable: string): KeyObject {
  let key: KeyObject | undefined
  try {
    key = createPrivateKey(pem)
  } catch {
    // What OpenSSL says of it may hold parts of it.
  }
  if (key?.asymmetricKeyType === 'rsa') return key
  return fail({
    code: 'configuration',
    problem: `The variable ${variable} holds no private RSA key in PEM.`,
    remedy: 'Put in the whole text, from -----BEGIN PRIVATE KEY----- to the end, without a passphrase.',
  })
}
