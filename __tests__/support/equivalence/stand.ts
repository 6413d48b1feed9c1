import type { Config } from '../../../src/config.ts'
import { audienceOf, type Target } from '../../../src/config/target.ts'
import { DbtOidcError } from '../../../src/errors.ts'
import { decide, type Decision } from '../../../src/policy.ts'
import { trustDocuments } from '../../../src/trust/request.ts'
import type { SubjectForm } from '../../../src/trust/rules.ts'
import type { TrustDocument } from '../../../src/trust.ts'
import { claimsOf } from '../claims-of.ts'
import { configOf } from '../config-of.ts'
import type { Accepts, Presented } from '../models/presented.ts'
import type { Platform } from './platforms.ts'
import type { WrittenPolicy } from './policies.ts'

/** The trust of one target, written out, and the platform that was told it. */
export interface Stand {
  readonly platform: Platform
  readonly config: Config
  readonly target: Target
  readonly form: SubjectForm
  readonly text: string
  readonly accepts: Accepts
}

/** What becomes of documents on their way to the platform; a proof of the proof tampers with them. */
export type Paste = (documents: readonly TrustDocument[]) => readonly TrustDocument[]

/** Everything that a policy says. */
export function configured(platform: Platform, { pins, grants }: WrittenPolicy): Promise<Config> {
  const targets = Object.fromEntries(['prod', 'ci'].map((name) => [name, platform.target(name)] as const))
  return configOf({
    policy: JSON.stringify({ repository: 'o/r', ...pins, targets, grants }),
    ...(platform.serverUrl !== undefined && { serverUrl: platform.serverUrl }),
  })
}

/** Tells the platform everything that `trust` writes for a target; undefined where it refuses to write, a safe answer. */
export async function stand(
  platform: Platform,
  config: Config,
  target: Target,
  form: SubjectForm = 'both',
  paste: Paste = (documents) => documents,
): Promise<Stand | undefined> {
  const documents = await writtenFor(config, target, form)
  if (!documents || platform.mayLack?.(documents)) return undefined
  const pasted = paste(documents)
  const text = pasted.map((one) => one.text).join('\n')
  return { platform, config, target, form, text, accepts: platform.model(pasted, audienceOf(target)) }
}

async function writtenFor(
  config: Config,
  target: Target,
  form: SubjectForm,
): Promise<readonly TrustDocument[] | undefined> {
  try {
    return await trustDocuments(config, target, form)
  } catch (error) {
    if (error instanceof DbtOidcError && error.code === 'configuration') return undefined
    throw error
  }
}

/** What the policy says of claims, asked for the target. */
export function decided(
  { config, target }: Stand,
  claims: Readonly<Record<string, string>>,
  fork = false,
): Decision {
  const all = new Map(Object.entries(claims))
  return decide(config.grants, { ...claimsOf(), sub: claims.sub ?? '', all }, target.name, {
    pullRequest: fork ? { kind: 'fork', head: 'x/r', base: 'o/r' } : { kind: 'same' },
  })
}

/** What the platform says of the same claims. */
export function accepted(
  { accepts, config, target }: Stand,
  claims: Presented,
  from: Partial<Presented> = {},
): boolean {
  return accepts({ ...claims, iss: config.issuer, aud: audienceOf(target), ...from })
}

/** Claims that only the action checks, by the comment of the documents: of the grant, where it tells them one by one. */
export function openClaims({ text }: Pick<Stand, 'text'>, grant?: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.replace(/^(?:#|--) /, ''))
  const own = lines.find(
    (line) => grant !== undefined && line.startsWith(`Of the grant ${grant}: held there`),
  )
  const told = own === undefined ? lines.map((line) => WHOLE.exec(line)?.[1]) : [GRANT.exec(own)?.[1]]
  return [...new Set(told.flatMap((list) => list?.split(', ') ?? []))].filter((claim) => claim !== 'nothing')
}

const WHOLE = /^Checked by (?:this|the) action only(?:, and not by this statement)?: (.*)\.$/
const GRANT = /; checked by the action only (.*)\.$/
