import type { Table } from './row.ts'

const CONNECTION = 'type: trino\nhost: trino.acme.com\nport: 443\ndatabase: lake\nschema: analytics\n'
const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const CLIENT = '8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10'
const SCOPE = 'api://trino-prod/.default'
const SUBJECT = 'repo:o/r:environment:production'

/** Entra ID. */
export const ENTRA: readonly Table[] = [
  {
    title: 'Entra',
    connection: CONNECTION,
    identity: `via: entra\ntenant: ${TENANT}\nclient-id: ${CLIENT}\nscope: ${SCOPE}\n`,
    from: 'exchange',
    rows: [
      ...[
        'AADSTS700213: No matching federated identity record',
        'AADSTS70021: No matching federated identity record',
      ].map((start) => ({
        text: `${start} found for presented assertion subject '${SUBJECT}'.`,
        cause: `No federated credential of the app has the subject \`${SUBJECT}\``,
        remedy: 'A new one takes minutes to be known',
        shows: [`✓ sub  "${SUBJECT}"`],
      })),
      {
        text: "AADSTS700211: No matching federated identity record found for presented assertion issuer 'https://token.actions.githubusercontent.com'.",
        cause: 'has the issuer `https://token.actions.githubusercontent.com`',
        remedy: 'without a slash at the end',
      },
      {
        text: 'AADSTS700212: No matching federated identity record found for presented assertion audience.',
        cause: 'expects another audience',
        remedy: '`api://AzureADTokenExchange` in the public cloud',
      },
      {
        text: 'AADSTS7002138: No matching federated identity record found; the values match case-insensitively.',
        cause: `differs from \`${SUBJECT}\` (or the issuer, or the audience) in upper and lower case only`,
        remedy: 'exactly as the token has it',
      },
      {
        text: 'AADSTS700024: Client assertion is not within its valid time range.',
        cause: 'not valid now',
        remedy: 'clock of the runner',
      },
      {
        text: "AADSTS700016: Application with identifier '…' was not found in the directory.",
        cause: CLIENT,
        remedy: 'client-id',
      },
      {
        text: "AADSTS90002: Tenant '…' not found.",
        cause: `no tenant \`${TENANT}\` in the cloud public`,
        remedy: 'Check `tenant` and `cloud`',
      },
      {
        text: 'AADSTS500011: The resource principal named api://trino-prod was not found in the tenant.',
        cause: `The resource of \`${SCOPE}\` has no service principal in the tenant \`${TENANT}\``,
        remedy: 'Consent to the resource',
      },
      {
        text: 'AADSTS70011: The provided value for the input parameter scope is not valid.',
        cause: `does not know the scope \`${SCOPE}\``,
        remedy: '`/.default`',
      },
      {
        text: 'AADSTS50013: Assertion failed signature validation.',
        cause: 'could not check the signature of the ID token',
        remedy: 'Entra must reach the keys of the issuer',
      },
    ],
  },
]
