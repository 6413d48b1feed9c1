import { INSTANCE_REFERENCE, ISSUER_REFERENCE } from '../../exchanges/aws-identity-center/labels.ts'
import { findInstance, findIssuer } from '../../exchanges/aws-identity-center/find.ts'
import { block, hclDocument, jsonencode, reference, resource } from '../../trust/hcl.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { comment, json, jsonWord, sh, verbatim } from '../../trust/quote.ts'
import { endpointOf, type Connection } from './connection.ts'

/** As Redshift and its databases know us. */
export const NAME = 'dbt-oidc'
/** As which Redshift itself looks into Identity Center. */
const READER = 'redshift-identity-center'
/** What both are called in Terraform. */
export const LABEL = 'redshift_identity_center'

/** Stands for the ARN of the trusted token issuer, which AWS chooses. */
const ISSUER = '$issuer'

/** Redshift's application in Identity Center, which says whose tokens it trades. */
export function applicationDocument(c: Connection, { audiences, identity }: TrustRequest): TrustDocument {
  const region = regionOf(c)
  const trusted = [{ TrustedTokenIssuerArn: ISSUER, AuthorizedAudiencesList: audiences }]
  const list = verbatim(jsonWord(trusted).fragment.replaceAll(json(ISSUER), `"'"$issuer"'"`))
  const create = [
    sh`role=$(aws iam create-role --role-name ${READER} --assume-role-policy-document ${jsonWord(READS)} --query Role.Arn --output text)`,
    sh`aws iam put-role-policy --role-name ${READER} --policy-name identity-center --policy-document ${jsonWord(MAY_READ)}`,
    sh`application=$(aws redshift create-redshift-idc-application --region ${region} --redshift-idc-application-name ${NAME} --idc-display-name ${NAME} --identity-namespace ${namespaceOf(identity)} --idc-instance-arn "$instance" --iam-role-arn "$role" --authorized-token-issuer-list ${list} --query RedshiftIdcApplication.IdcManagedApplicationArn --output text)`,
    `echo "For CREATE IDENTITY PROVIDER: APPLICATION_ARN '$application' IAM_ROLE '$role'"`,
  ]
  const known = [findInstance(region), findIssuer(region)]
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
      ...create,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
    before: [comment('#', ['In the account of the warehouse.'])],
    // Other groups log in by it, too.
    parts: [
      {
        what: `the application of Redshift in ${region}, for the namespace ${namespaceOf(identity)}`,
        state: JSON.stringify(audiences),
        create: [...known, ...create].join('\n'),
        update: [
          comment('#', [
            `This sets the whole list: what stands in it beside (aws redshift describe-redshift-idc-applications) goes into it, too.`,
            `An application that is not called ${NAME} is given by its own RedshiftIdcApplicationArn.`,
          ]),
          ...known,
          sh`own=$(aws redshift describe-redshift-idc-applications --region ${region} --query ${`RedshiftIdcApplications[?RedshiftIdcApplicationName==\`"${NAME}"\`].RedshiftIdcApplicationArn | [0]`} --output text)`,
          sh`aws redshift modify-redshift-idc-application --region ${region} --redshift-idc-application-arn "$own" --authorized-token-issuer-list ${list}`,
        ].join('\n'),
      },
    ],
    owns: [
      {
        what: `the list of issuers of Redshift's application in ${region}, for the namespace ${namespaceOf(identity)}`,
        rule: JSON.stringify(audiences.toSorted()),
        remedy:
          'Give the targets of one warehouse the same `audience`, both of them where one gives way to the other.',
      },
    ],
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

/** Of the warehouse. */
export function regionOf(c: Connection): string {
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

/** The namespace of `NAMESPACE:GROUP`. */
export function namespaceOf(identity: string): string {
  return identity.slice(0, identity.indexOf(':'))
}
