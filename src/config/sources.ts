import type { PolicyPlace, PolicyRead } from './policy-place.ts'
import type { Problems } from './problems.ts'

/** What became of an attempt to read a file. */
export type FileRead =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'directory' }
  | { readonly kind: 'unreadable'; readonly why: string }

/** Everything that a configuration is made of; nothing else is looked at. */
export interface Sources {
  /** Inputs as given, by name in lower case; an absent and an empty input are the same, as on the runner. */
  readonly inputs: ReadonlyMap<string, string>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute path of the checkout. */
  readonly workspace: string
  readonly serverUrl: string
  /** The workflow's own repository, `OWNER/NAME`. */
  readonly repository: string
  /** Which of the policy's `issuers` the job's tokens are from; absent: GitHub. */
  readonly issuer?: string
  readonly today: Date
  /** Whoever names the policy file sits at the machine, and may name any: the path may lead out of the checkout. */
  readonly policyAnywhere?: true
  readonly read: (path: string) => Promise<FileRead>
  /** Asks GitHub for a policy file of another repository. */
  readonly readPolicy?: (place: PolicyPlace) => Promise<PolicyRead>
}

/** The text of a file that must be there; a sentence for everything else goes to `problems`. */
export async function readNeeded(
  path: string,
  shown: string,
  place: string,
  sources: Sources,
  problems: Problems,
): Promise<string | undefined> {
  const read = await sources.read(path)
  switch (read.kind) {
    case 'text':
      return read.text
    case 'missing':
      problems.add(place, `There is no file \`${shown}\`. Was the repository checked out before this step?`)
      return undefined
    case 'directory':
      problems.add(place, `\`${shown}\` is a directory; name the file.`)
      return undefined
    case 'unreadable':
      problems.add(place, `\`${shown}\` cannot be read: ${read.why}.`)
      return undefined
  }
}
