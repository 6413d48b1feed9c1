import { groupReference } from '../../exchanges/aws-identity-center/labels.ts'
import { hclDocument, reference, resource } from '../../trust/hcl.ts'
import { labelFor } from '../../trust/label.ts'
import type { TrustDocument, TrustFormat, TrustRequest } from '../../trust.ts'
import { comment, folded, sh, sql, verbatim } from '../../trust/quote.ts'
import { LABEL, NAME, namespaceOf, regionOf } from './center-application.ts'
import { databaseOf, type Connection } from './connection.ts'
import { remarksOn, rightsOf } from './rights.ts'

/** A document of its own, since each target has another group. */
export function assignmentResource(c: Connection, { identity }: TrustRequest): TrustDocument {
  const group = groupOf(identity)
  return {
    title: assignedTo(group),
    language: 'hcl',
    text: hclDocument('', [
      resource('aws_ssoadmin_application_assignment', labelFor(`redshift_${group}`), {
        region: regionOf(c),
        application_arn: reference(`aws_redshift_idc_application.${LABEL}.idc_managed_application_arn`),
        principal_id: groupReference(group),
        principal_type: 'GROUP',
      }),
    ]),
    heldThere: [],
    checkedHere: [],
  }
}

function assignedTo(group: string): string {
  return `The application of Redshift, assigned to the group ${group}`
}

/** A document of its own, since each target has another group. */
export function assignmentDocument(c: Connection, { identity }: TrustRequest): TrustDocument {
  const group = groupOf(identity)
  return {
    title: assignedTo(group),
    language: 'sh',
    text: [
      comment('#', [
        `In the same shell, right after the users of ${group}: "group" and "application" come from there.`,
      ]),
      sh`aws sso-admin create-application-assignment --region ${regionOf(c)} --application-arn "$application" --principal-type GROUP --principal-id "$group"`,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
  }
}

/** What the group may do in the database: Redshift gives its users the role of the same name. */
export function groupDocument(
  c: Connection,
  { identity }: TrustRequest,
  format: TrustFormat = 'commands',
): TrustDocument {
  const database = databaseOf(c)
  const role = verbatim(`ROLE ${folded(identity).fragment}`)
  return {
    title: `The role ${identity} in the database ${database}`,
    language: 'sql',
    text: [
      comment('--', [
        `In ${database} on ${c.host}, as its administrator. Who of the group logs in has this role.`,
        format === 'terraform'
          ? 'Unless the warehouse knows Identity Center already, with idc_managed_application_arn and iam_role_arn of the application:'
          : 'Unless the warehouse knows Identity Center already, with what the document of the application has printed:',
        sql`CREATE IDENTITY PROVIDER ${folded(NAME)} TYPE AWSIDC NAMESPACE ${namespaceOf(identity)} APPLICATION_ARN 'ARN' IAM_ROLE 'ARN';`,
        ...remarksOn(c),
      ]),
      sql`CREATE ROLE ${folded(identity)};`,
      ...rightsOf(c, role),
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
  }
}

/** The group of `NAMESPACE:GROUP`. */
function groupOf(identity: string): string {
  return identity.slice(identity.indexOf(':') + 1)
}
