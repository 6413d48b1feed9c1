// IAM's GetRole as its API reference has it, for whoever's session may call it:
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html
import { readBody, type OriginHandler } from '../issuer-server.ts'
import { permits, type Cloud } from './account.ts'
import { errorXml, headersOf, Refusal, signer } from './sts.ts'

const NAMESPACE = 'https://iam.amazonaws.com/doc/2010-05-08/'

/** The service at `iam.amazonaws.com`; requests are signed for us-east-1, wherever the roles are used. */
export function newIam(cloud: Cloud, host = 'iam.amazonaws.com', region = 'us-east-1'): OriginHandler {
  return async (req, res, path) => {
    const body = await readBody(req)
    const form = new Map(new URLSearchParams(body))
    try {
      const arrived = { method: req.method ?? '', target: path, headers: headersOf(req), body }
      const caller = signer({ cloud, region, host }, 'iam', arrived)
      if (form.get('Action') !== 'GetRole')
        throw new Refusal(400, 'InvalidAction', 'Could not find operation')
      const name = form.get('RoleName') ?? ''
      const role = [...cloud.roles.values()].find(
        (one) => one.name === name && one.arn.split(':')[4] === caller.account,
      )
      const arn = role?.arn ?? `arn:aws:iam::${caller.account}:role/${name}`
      if (!permits(caller, 'iam:GetRole', arn))
        throw new Refusal(403, 'AccessDenied', `not authorized to perform: iam:GetRole on resource: ${arn}`)
      if (!role) throw new Refusal(404, 'NoSuchEntity', `The role with name ${name} cannot be found.`)
      // The document comes URL-encoded (RFC 3986), which the command line of AWS decodes and an SDK does not.
      const trust = encodeURIComponent(JSON.stringify(role.trust))
      const inner = `<Path>/</Path><RoleName>${name}</RoleName><RoleId>AROA1</RoleId><Arn>${arn}</Arn><CreateDate>2026-11-01T08:15:00Z</CreateDate><AssumeRolePolicyDocument>${trust}</AssumeRolePolicyDocument><RoleLastUsed/>`
      res
        .writeHead(200, { 'content-type': 'text/xml' })
        .end(
          `<GetRoleResponse xmlns="${NAMESPACE}"><GetRoleResult><Role>${inner}</Role></GetRoleResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></GetRoleResponse>`,
        )
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      res.writeHead(error.status, { 'content-type': 'text/xml' }).end(errorXml(error, NAMESPACE))
    }
  }
}
