import { exchange } from '../exchange.ts'
import { diagnose, ERRORS } from './vault/diagnosis.ts'
import { settings, type Settings } from './vault/settings.ts'

/** HashiCorp Vault and OpenBao: a JWT login, then a database user, a password or a key; given back at the end. */
export default exchange<Settings>({
  name: 'vault',
  summary: 'a user that Vault or OpenBao makes for the run, or a secret that it keeps',
  settings,
  audience: (s, want) => want.audience ?? new URL(s.url).origin,
  trade: async (s, want, mint, io) => (await import('./vault/trade.ts')).trade(s, want, mint, io),
  async extend(s, credential, io) {
    if (!('lease' in credential) || !credential.lease) return undefined
    return (await import('./vault/extend.ts')).extend(s, credential, credential.lease, io)
  },
  async revoke(s, credential, io) {
    if ('lease' in credential && credential.lease)
      await (await import('./vault/secret.ts')).giveBack(s, credential.lease.token, io)
  },
  makes: ({ url, namespace, database }) =>
    database && !database.static
      ? { url, namespace, path: `${database.mount}/roles/${database.role}` }
      : undefined,
  identity: (s) => `${s.mount}/${s.role}`,
  diagnose,
  errors: ERRORS,
  notes: [
    'What Vault leases is given back when the run ends: one call ends the token and drops the database user.',
    'While dbt runs, the lease of a database user and the token of the login are extended, so that the user lives as long as the run: short `default_ttl` and `token_ttl` do. What ends it is `max_ttl` of the database role, or `token_max_ttl`: set both to the longest run.',
    'A private certificate authority is named by `NODE_EXTRA_CA_CERTS`.',
    'Proven against OpenBao 2.7.2 with a real PostgreSQL behind its database engine; the texts of errors are its own, and those of Vault 1.21 and its JWT plugin 0.25.',
  ],
  trust: async (s, _want, request) => (await import('./vault/trust.ts')).trustOf(s, request),
  terraform: async (s, _want, request) => {
    const [{ roleResources }, { openedBy }] = await Promise.all([
      import('./vault/terraform.ts'),
      import('./vault/trust.ts'),
    ])
    return roleResources(s, request, openedBy(s))
  },
  reader: async () => (await import('./vault/read.ts')).reader,
  hosts: (s) => [new URL(s.url).hostname],
  proof: 'third-party server',
  example: {
    url: 'https://vault.acme.example:8200',
    mount: 'jwt',
    role: 'dbt-prod',
    database: { mount: 'database', role: 'dbt', static: false },
  },
})
