import type { Want } from '../../exchange.ts'
import { block, call, dataSource, hclDocument, reference, resource } from '../../trust/hcl.ts'
import { labelFor } from '../../trust/label.ts'
import { comment } from '../../trust/quote.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { terraform as awsTerraform } from '../aws/terraform.ts'
import { actorCommand, mayTrade, ownedApplication, sessionRole } from './application.ts'
import { CENTER, groupReference, ISSUER_REFERENCE } from './labels.ts'
import { first } from './place.ts'
import { keyed, tradesItself, type Keyed, type Settings } from './settings.ts'
import { toldOfIssuer, toldOfUsers } from './told.ts'
import { compared, forRole } from './trust.ts'

/** The same as the commands of `trust`, for the provider hashicorp/aws, as far as it has resources. */
export function terraform(settings: Settings, want: Want, request: TrustRequest): readonly TrustDocument[] {
  const own = [issuer(settings, request), users(settings, want, request)]
  if (tradesItself(want)) return own
  const all = keyed(settings)
  return [
    ...own,
    ...awsTerraform(first(all), want, forRole(all, request)),
    ...application(all, request),
    ...mayTrade(all, 'terraform'),
    sessionRole(all, 'terraform'),
  ]
}

/** One for the whole instance: the text is the same for each target. */
function issuer(settings: Settings, request: TrustRequest): TrustDocument {
  const { instance, region } = settings
  const { name, claim, attribute, title, lines } = toldOfIssuer(settings, request)
  return {
    title,
    language: 'hcl',
    text: hclDocument(
      comment('#', [
        `By hashicorp/aws from 6.0, for the account of ${instance}. An instance has one such issuer, whatever targets use it:`,
        `where it exists, terraform import aws_ssoadmin_trusted_token_issuer.${CENTER} ARN (aws sso-admin list-trusted-token-issuers).`,
        ...lines,
      ]),
      [
        dataSource('aws_ssoadmin_instances', CENTER, { region }),
        resource('aws_ssoadmin_trusted_token_issuer', CENTER, {
          region,
          name,
          instance_arn: instance,
          trusted_token_issuer_type: 'OIDC_JWT',
          trusted_token_issuer_configuration: block({
            oidc_jwt_configuration: block({
              claim_attribute_path: claim,
              identity_store_attribute_path: attribute,
              issuer_url: request.issuer,
              jwks_retrieval_option: 'OPEN_ID_DISCOVERY',
            }),
          }),
        }),
      ],
    ),
    heldThere: [],
    checkedHere: [],
    owns: [
      {
        what: 'the instance of IAM Identity Center in Terraform',
        rule: instance,
        remedy: 'Write the targets of each instance by themselves (--target), into a directory of their own.',
      },
    ],
  }
}

/** One user for each subject, and the group that has the rights. */
function users(settings: Settings, want: Want, request: TrustRequest): TrustDocument {
  const { region, group } = settings
  const { subjects, title, lines, held, owns } = toldOfUsers(settings, request, compared(want, request))
  // An account has one instance in a region.
  const store = call('tolist', reference(`data.aws_ssoadmin_instances.${CENTER}.identity_store_ids`))
  const identity_store_id = reference(`${store.fragment}[0]`)
  return {
    title,
    language: 'hcl',
    text: hclDocument(comment('#', lines), [
      resource('aws_identitystore_group', labelFor(group), {
        region,
        identity_store_id,
        display_name: group,
      }),
      ...subjects.flatMap((subject) => {
        const user = labelFor(subject)
        return [
          resource('aws_identitystore_user', user, {
            region,
            identity_store_id,
            user_name: subject,
            display_name: subject,
            name: block({ given_name: 'dbt', family_name: 'workload' }),
          }),
          resource('aws_identitystore_group_membership', user, {
            region,
            identity_store_id,
            group_id: groupReference(group),
            member_id: reference(`aws_identitystore_user.${user}.user_id`),
          }),
        ]
      }),
    ]),
    ...held,
    owns,
  }
}

/** The application, but for who may trade for it: that is a command. */
function application(settings: Keyed, request: TrustRequest): readonly TrustDocument[] {
  const { application: arn, region, instance, group } = settings
  const { target, audiences } = request
  const label = labelFor(arn.split('/').at(-1) ?? '')
  const address = `aws_ssoadmin_application.${label}`
  const none = { heldThere: [], checkedHere: [] }
  return [
    {
      title: `Application ${arn}`,
      language: 'hcl',
      text: hclDocument(
        comment('#', [
          `The application for the target ${target}. It has to be there before its ARN is known:`,
          `terraform import ${address} ${arn}`,
        ]),
        [
          resource('aws_ssoadmin_application', label, {
            region,
            name: `dbt-${target}`,
            instance_arn: instance,
            application_provider_arn: 'arn:aws:sso::aws:applicationProvider/custom',
          }),
          resource('aws_ssoadmin_application_grant', label, {
            region,
            application_arn: reference(`${address}.arn`),
            grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
            grant: block({
              jwt_bearer: block({
                authorized_token_issuers: block({
                  authorized_audiences: audiences,
                  trusted_token_issuer_arn: ISSUER_REFERENCE,
                }),
              }),
            }),
          }),
          resource('aws_ssoadmin_application_assignment', label, {
            region,
            application_arn: reference(`${address}.arn`),
            principal_id: groupReference(group),
            principal_type: 'GROUP',
          }),
        ],
      ),
      ...none,
      ...ownedApplication(settings, request),
    },
    {
      title: `Who may trade tokens for the application ${arn}`,
      language: 'sh',
      text: [
        comment('#', [
          `hashicorp/aws has no resource for the authentication method of an application: run this once the role is there.`,
        ]),
        actorCommand(settings),
      ].join('\n'),
      ...none,
    },
  ]
}
