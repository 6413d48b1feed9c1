import type { Issued, Makes } from './exchange.ts'
import type { OtherIssuer } from './other-issuer.ts'
import type { Part } from './trust/parts.ts'
import type { TrustRule } from './trust/rules.ts'

/** For whom the other side's statement is written: one target and the grants that lead to it. */
export interface TrustRequest {
  readonly target: string
  /** The exchange of the target. */
  readonly via: string
  /** `iss` of the tokens, exactly. */
  readonly issuer: string
  /** The same as the policy declares it, where it is not GitHub. */
  readonly other?: OtherIssuer | undefined
  /** Of the tokens that the action asks for. */
  readonly audience: string
  /** All that the other side is told to take: that one first, and others while it gives way to one of them. */
  readonly audiences: readonly string[]
  /** One for each grant of the target, never empty. */
  readonly rules: readonly TrustRule[]
  /** The exchange's own name for us: a role ARN, a service account, a client id; what a warehouse grants rights to. */
  readonly identity: string
  /** Who issues the access tokens that the warehouse gets; absent where it gets none or nobody can tell. */
  readonly issued?: Issued | undefined
  /** Where the exchange makes users of the warehouse; absent where it makes none. */
  readonly makes?: Makes | undefined
}

/** One document to paste on the other side. */
export interface TrustDocument {
  readonly title: string
  readonly language: 'sql' | 'sh' | 'json' | 'hcl' | 'properties'
  readonly text: string
  /** Claims that the other side compares itself once this stands. */
  readonly heldThere: readonly string[]
  /** Claims of the grants that the other side does not see: only this action checks them. */
  readonly checkedHere: readonly string[]
  /** What the document sets as a whole, so that what another target sets there would replace it. */
  readonly owns?: readonly Owned[]
  /** What it makes, thing by thing, for whoever changes what stands; absent where the text is pasted whole each time. */
  readonly parts?: readonly Part[]
  /** What stands before some of its parts where they are pasted by themselves: where they go, a variable that they name. */
  readonly before?: readonly string[]
  /** What the platform prints of it once it stands, in a form that the `reader` beside it reads. */
  readonly prints?: unknown
  /** A list of the other side to which several targets add: their documents become one. */
  readonly adds?: Added
  /** The file on the other side that the text belongs into; what several targets have for one file is merged. */
  readonly file?: { readonly host: string; readonly path: string }
}

/** What a document adds to a list that belongs to no target alone. */
export interface Added {
  /** The same for whoever means the same list. */
  readonly to: string
  readonly values: readonly string[]
  /** The text of the document for all values. */
  readonly write: (values: readonly string[]) => string
}

/** Something on the other side that can have one rule only. */
export interface Owned {
  /** In words, and the same for whoever means the same: `the role arn:…`. */
  readonly what: string
  /** Equal where two targets want the same. */
  readonly rule: string
  readonly remedy: string
  /** What to do in place of a change where it stands, where that is particular to it. */
  readonly beside?: string
}

/** Documents, at once or once what writes them is loaded. */
export type Documents = readonly TrustDocument[] | Promise<readonly TrustDocument[]>

/** How documents are wanted: what a person pastes or runs, or resources of Terraform. */
export type TrustFormat = 'commands' | 'terraform'

/** Who writes in a format: what Terraform has no resources for is pasted or run all the same. */
export function inFormat<F>(
  { trust, terraform }: { readonly trust?: F; readonly terraform?: F },
  format: TrustFormat = 'commands',
): F | undefined {
  return format === 'terraform' ? (terraform ?? trust) : trust
}
