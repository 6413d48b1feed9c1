import { dataSource, hclDocument, reference, resource } from '../../trust/hcl.ts'
import { heading } from '../../trust/heading.ts'
import { heldBy } from '../../trust/held.ts'
import { labelFor } from '../../trust/label.ts'
import { comment } from '../../trust/quote.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import type { Connection } from './connection.ts'
import { exactSubjects, placesOf, rights } from './trust.ts'

const NONE = { heldThere: [], checkedHere: [] }

/** The provider that works at the account console; the other one works in the workspace. */
const ACCOUNT = reference('databricks.account')

/** The same as `trustOf`, for the provider databricks/databricks. */
export function terraformOf(c: Connection, request: TrustRequest): readonly TrustDocument[] {
  return [principal(c), policies(c, request), access(c, request), grant(c, request)]
}

/** A text of its own: targets may share a principal. */
function principal(c: Connection): TrustDocument {
  return {
    title: `Databricks: the service principal ${c.client_id}`,
    language: 'hcl',
    text: hclDocument(
      comment('#', [
        'Two providers databricks/databricks are meant here: the one without an alias is configured for the workspace, and the',
        'one with alias = "account" for the account console (https://accounts…).',
      ]),
      [
        dataSource('databricks_service_principal', labelOf(c), {
          provider: ACCOUNT,
          application_id: c.client_id,
        }),
      ],
    ),
    ...NONE,
  }
}

function policies(c: Connection, request: TrustRequest): TrustDocument {
  const held = heldBy(request.rules, (rule) => rule.heldBySubject)
  const { heldThere, checkedHere } = held
  return {
    title: `Databricks: federation policies of ${request.target}`,
    language: 'hcl',
    text: hclDocument(
      comment('#', heading(request, held)),
      exactSubjects(request).map((subject) =>
        resource('databricks_service_principal_federation_policy', labelFor(`${request.target}_${subject}`), {
          provider: ACCOUNT,
          service_principal_id: idOf(c),
          oidc_policy: { issuer: request.issuer, audiences: request.audiences, subject },
        }),
      ),
    ),
    heldThere,
    checkedHere,
  }
}

function access(c: Connection, { target }: TrustRequest): TrustDocument {
  const { workspace, warehouse } = placesOf(c)
  const label = labelFor(target)
  return {
    title: `Databricks: the workspace and the SQL warehouse of ${target}`,
    language: 'hcl',
    text: hclDocument(
      comment('#', [
        ...(workspace === undefined
          ? ['WORKSPACE_ID is the number that `databricks account workspaces list` shows.']
          : []),
        ...(warehouse === undefined
          ? [
              'WAREHOUSE_ID is the last part of the path of a SQL warehouse; a cluster has permissions of its own.',
            ]
          : []),
      ]),
      [
        resource('databricks_mws_permission_assignment', label, {
          provider: ACCOUNT,
          workspace_id: workspace ?? 'WORKSPACE_ID',
          principal_id: idOf(c),
          permissions: ['USER'],
        }),
        resource('databricks_permission', label, {
          sql_endpoint_id: warehouse ?? 'WAREHOUSE_ID',
          service_principal_name: c.client_id,
          permission_level: 'CAN_USE',
          depends_on: [reference(`databricks_mws_permission_assignment.${label}`)],
        }),
      ],
    ),
    ...NONE,
  }
}

/** The resource is the one for a single principal: the one for a whole catalog would take the rights of everybody else. */
function grant(c: Connection, request: TrustRequest): TrustDocument {
  // The older catalog has grants by statement only.
  if (c.catalog === undefined || c.catalog === 'hive_metastore') return rights(c, request)
  return {
    title: `Databricks: rights of ${request.target}`,
    language: 'hcl',
    text: hclDocument(comment('#', ['Rights of the service principal.']), [
      resource('databricks_grant', labelFor(request.target), {
        catalog: c.catalog,
        principal: c.client_id,
        privileges: ['USE_CATALOG', 'CREATE_SCHEMA'],
      }),
    ]),
    ...NONE,
  }
}

function labelOf({ client_id: id }: Connection): string {
  return labelFor(`sp_${id}`)
}

function idOf(c: Connection) {
  return reference(`data.databricks_service_principal.${labelOf(c)}.id`)
}
