import {
  groupReference,
  INSTANCE_REFERENCE,
  ISSUER_REFERENCE,
} from '../../exchanges/aws-identity-center/labels.ts'
import { block, hclDocument, jsonencode, reference, resource } from '../../trust/hcl.ts'
import { labelFor } from '../../trust/label.ts'
import type { TrustDocument, TrustFormat, TrustRequest } from '../../trust.ts'
import { comment, folded, json, jsonWord, sh, sql, verbatim } from '../../trust/quote.ts'
import { databaseOf, endpointOf, type Connection } from './connection.ts'
import { remarksOn, rightsOf } from './rights.ts'

const NAME = 'dbt-oidc'
/** As which Redshift itself looks into Identity Center. */
const READER = 'redshift-identity-center'
/** What both are called in Terraform. */
const LABEL = 'redshift_identity_center'

/** Stands for the ARN of the trusted token issuer, which AWS chooses. */
const ISSUER = '$issuer'

/** Redshift's application in Identity Center, which says whose tokens it trades. */
export function applicationDocument(c: Connection, { audiences, identity }: TrustRequest): TrustDocument {
  const region = regionOf(c)
  const trusted = [{ TrustedTokenIssuerArn: ISSUER, AuthorizedAudiencesList: audiences }]
  const list = verbatim(jsonWord(trusted).fragment.replaceAll(json(ISSUER), `"'"$issuer"'"`))
  return {
    title: 'Redshift as an application of IAM Identity Center',
    language: 'sh',
    text: [
      comment('#', [
        'In the account of the warehouse, in the shell that has the variables "instance" and "issuer" of the documents before.',
        'Most warehouses that people reach through Identity Center have such an application: then add the issuer to its list by',
        'aws redshift modify-redshift-idc-application --authorized-token-issuer-list, which sets the whole list, set the variable',
        '"application" to its IdcManagedApplicationArn (aws redshift describe-redshift-idc-applications), and skip the rest.',
      ]),
      sh`role=$(aws iam create-role --role-name ${READER} --assume-role-policy-document ${jsonWord(READS)} --query Role.Arn --output text)`,
      sh`aws iam put-role-policy --role-name ${READER} --policy-name identity-center --policy-document ${jsonWord(MAY_READ)}`,
      sh`application=$(aws redshift create-redshift-idc-application --region ${region} --redshift-idc-application-name ${NAME} --idc-display-name ${NAME} --identity-namespace ${namespaceOf(identity)} --idc-instance-arn "$instance" --iam-role-arn "$role" --authorized-token-issuer-list ${list} --query RedshiftIdcApplication.IdcManagedApplicationArn --output text)`,
      `echo "For CREATE IDENTITY PROVIDER: APPLICATION_ARN '$application' IAM_ROLE '$role'"`,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
    prints: {
      RedshiftIdcApplications: [
        {
          IdentityNamespace: namespaceOf(identity),
          AuthorizedTokenIssuerList: [{ AuthorizedAudiencesList: audiences }],
        },
      ],
    },
  }
}

/** The same for the provider hashicorp/aws. */
export function applicationResources(c: Connection, { audiences, identity }: TrustRequest): TrustDocument {
  const address = `aws_redshift_idc_application.${LABEL}`
  return {
    title: 'Redshift as an application of IAM Identity Center',
    language: 'hcl',
    text: hclDocument(
      comment('#', [
        'Most warehouses that people reach through Identity Center have such an application:',
        `then terraform import ${address} ARN (aws redshift describe-redshift-idc-applications), which sets its whole list of issuers.`,
        'The provider takes one issuer in that list.',
      ]),
      [
        resource('aws_iam_role', LABEL, { name: READER, assume_role_policy: jsonencode(READS) }),
        resource('aws_iam_role_policy', LABEL, {
          name: 'identity-center',
          role: reference(`aws_iam_role.${LABEL}.name`),
          policy: jsonencode(MAY_READ),
        }),
        resource('aws_redshift_idc_application', LABEL, {
          region: regionOf(c),
          redshift_idc_application_name: NAME,
          idc_display_name: NAME,
          identity_namespace: namespaceOf(identity),
          idc_instance_arn: INSTANCE_REFERENCE,
          iam_role_arn: reference(`aws_iam_role.${LABEL}.arn`),
          authorized_token_issuer_list: block({
            authorized_audiences_list: audiences,
            trusted_token_issuer_arn: ISSUER_REFERENCE,
          }),
        }),
      ],
    ),
    heldThere: [],
    checkedHere: [],
  }
}

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

function regionOf(c: Connection): string {
  return c.region ?? endpointOf(c.host)?.region ?? 'REGION'
}

const READS = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: ['redshift.amazonaws.com', 'redshift-serverless.amazonaws.com'] },
      Action: ['sts:AssumeRole', 'sts:SetContext'],
    },
  ],
}

const MAY_READ = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: ['sso:DescribeApplication', 'sso:DescribeInstance'], Resource: '*' },
  ],
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

/** Of `NAMESPACE:GROUP`. */
function groupOf(identity: string): string {
  return identity.slice(identity.indexOf(':') + 1)
}

function namespaceOf(identity: string): string {
  return identity.slice(0, identity.indexOf(':'))
}
