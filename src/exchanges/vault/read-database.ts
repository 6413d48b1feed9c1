import * as z from 'zod/mini'
import { hasKeys, oneOrMore, shaped } from '../../trust/export/shape.ts'
import type { Odd, Statement } from '../../trust/statement.ts'
import { statementsIn } from './read-statements.ts'

const none = <T extends z.ZodMiniType>(schema: T) => z.optional(z.nullable(schema))
const time = z.union([z.number(), z.string()])

/** A role of the database engine (Vault HTTP API, "Databases", read role); OpenBao prints the same. */
const role = z.looseObject({
  db_name: z.string(),
  creation_statements: none(oneOrMore),
  revocation_statements: none(oneOrMore),
  renew_statements: none(oneOrMore),
  rollback_statements: none(oneOrMore),
  credential_type: none(z.string()),
  default_ttl: none(time),
  max_ttl: none(time),
})

/** The command whose output it is. */
export const READ_DATABASE = 'vault read -format=json database/roles/NAME'

/** A day: no job of GitHub lives so long, and no user of a run has to. */
const LONGEST = 86_400

/** Whether a value is a role of the database engine. */
export function isDatabaseRole(value: unknown): boolean {
  return hasKeys(value, 'db_name', 'creation_statements') && Object.hasOwn(value, 'max_ttl')
}

/** The users that it makes. Who may ask for one is said by a policy of Vault, and not here. */
export function databaseStatement(value: unknown, path: readonly PropertyKey[]): Statement {
  const found = shaped(role, value, READ_DATABASE)
  const creation = statementsIn(found.creation_statements)
  const revocation = statementsIn(found.revocation_statements)
  const later = [found.renew_statements, found.rollback_statements].map(statementsIn)
  const [usual, most] = [secondsOf(found.default_ttl), secondsOf(found.max_ttl)]
  const kind = found.credential_type ?? 'password'
  return {
    platform: 'Vault',
    what: 'role of the database engine',
    ways: [
      {
        name: 'the role',
        issuer: undefined,
        audiences: [],
        conditions: [],
        principal: 'whoever a policy of Vault lets read its credentials',
        path,
      },
    ],
    settings: new Map([
      ['db_name', found.db_name],
      ['creation_statements', creation.join('\n')],
      ['revocation_statements', revocation.join('\n')],
      // Whatever they do to a user, `trust` writes none of them.
      ...(['renew_statements', 'rollback_statements'] as const).flatMap((name, at): [string, string][] =>
        later[at]?.length ? [[name, later[at].join('\n')]] : [],
      ),
      ['credential_type', kind === '' ? 'password' : kind],
      ['default_ttl', `${usual} s`],
      ['max_ttl', `${most} s`],
    ]),
    odd: [...lasting(most), ...mighty([...creation, ...later.flat()]), ...leftOver(creation, revocation)],
  }
}

/** Vault prints seconds; a duration as it is written is one, too. */
function secondsOf(value: string | number | null | undefined): number {
  const text = String(value ?? 0)
  const factors: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }
  const parts = [...text.matchAll(/(\d+)([smhd]?)/g)]
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (factors[unit] ?? 1), 0)
}

function lasting(most: number): readonly Odd[] {
  if (most > 0 && most <= LONGEST) return []
  return [
    {
      code: 'long-lived',
      severity: 'warning',
      problem:
        most === 0
          ? 'Its users have no end of their own: `max_ttl` is 0, so that the longest of the whole server counts, 32 days unless it was changed.'
          : `Its users may live ${Math.round(most / 3600)} hours, and no run lives that long.`,
      remedy: 'Set `max_ttl` to the longest run.',
      paste: '"max_ttl": "6h"',
    },
  ]
}

/** Roles that are more than a user of dbt should have, as PostgreSQL, its clouds and Snowflake name them. */
const ROLES = [
  'rds_superuser|cloudsqlsuperuser|azure_pg_admin',
  'pg_write_all_data|pg_execute_server_program|pg_write_server_files|pg_read_server_files',
  'ACCOUNTADMIN|SECURITYADMIN|SYSADMIN',
].join('|')

/** What a user should not be, or be given: an attribute, or one of these roles anywhere in the list of a grant. */
const MIGHTY = new RegExp(
  String.raw`\b(?:SUPERUSER|CREATEROLE|BYPASSRLS|REPLICATION|db_owner|sysadmin)\b|\bGRANT\s+ALL\b|(?<=\bGRANT\b[^;]*)\b(?:${ROLES})\b`,
  'i',
)

function mighty(creation: readonly string[]): readonly Odd[] {
  const found = creation.find((one) => MIGHTY.test(one))
  if (found === undefined) return []
  return [
    {
      code: 'too-much',
      severity: 'warning',
      problem: `What it makes may do more than dbt needs: \`${MIGHTY.exec(found)?.[0] ?? ''}\`.`,
      remedy:
        'Let `creation_statements` give the user one lasting role that owns what dbt makes, and no other.',
    },
  ]
}

/** Vault's own statements drop the user of PostgreSQL, which fails once it owns something. */
function leftOver(creation: readonly string[], revocation: readonly string[]): readonly Odd[] {
  const postgres = creation.some((one) => /\bCREATE\s+(?:ROLE|USER)\b[^;]*\bPASSWORD\b/i.test(one))
  if (!postgres || revocation.some((one) => /\b(?:REASSIGN|DROP)\s+OWNED\b/i.test(one))) return []
  return [
    {
      code: 'left-over',
      severity: 'warning',
      problem:
        '`revocation_statements` do not give away what the user owns, so that it cannot be dropped once dbt has made a table.',
      remedy: 'Begin them with what hands it over.',
      paste: 'REASSIGN OWNED BY "{{name}}" TO dbt_owner; DROP OWNED BY "{{name}}";',
    },
  ]
}
