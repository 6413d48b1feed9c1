/** Every way in which a run can be refused or fail, as stable names: the troubleshooting page has an anchor for each. */
export type Code =
  | 'configuration' // an input, the policy file or a profiles.yml is wrong; every problem is listed at once
  | 'usage' // the command line of this program is wrong: an unknown command, option or value
  | 'command' // a line of `run` cannot be understood or is reserved
  | 'project' // dbt_project.yml, packages or profile of the project do not fit
  | 'dbt-missing' // no dbt, or not the adapter that the target needs
  | 'dbt-version' // an adapter version that is known not to work
  | 'install' // the private Python environment could not be made
  | 'id-token-permission' // the job may not ask for an ID token
  | 'id-token-fork' // a pull request from a fork gets no ID token
  | 'id-token-dependabot' // Dependabot's runs get no ID token
  | 'id-token-endpoint' // GitHub's endpoint failed for good
  | 'id-token-response' // GitHub's endpoint answered with something that is no token
  | 'token-format' // the text is no acceptable JWT
  | 'token-signature' // the signature does not hold
  | 'token-claims' // issuer, audience, times or the shape of a claim are wrong
  | 'token-changed' // a later token of the run disagrees with the decision token
  | 'clock-skew' // this machine's clock disagrees with the issuer's
  | 'keys' // the issuer's keys could not be had
  | 'no-grant' // the policy grants nothing to these claims
  | 'exchange' // the other side refused the token
  | 'exchange-unavailable' // the other side gave no whole answer, or said that it cannot now
  | 'host-unreachable' // no way leads from here to a host of the run: no name, no connection, a proxy that refuses
  | 'blocked-host' // a request would have left the allowed hosts
  | 'file' // a file or directory could not be written or read safely
  | 'port' // no port of this machine could be opened for dbt
  | 'dbt' // dbt ended with a failure
  | 'dbt-killed' // dbt was ended by a signal
  | 'cancelled' // the job was cancelled
  | 'internal' // a fault of this action

/** What a thrower knows: both texts are full sentences and safe to print, never a token, never a response body. */
export interface Failure {
  readonly code: Code
  readonly problem: string
  readonly remedy: string
  readonly cause?: unknown
  /** Further lines to show below the problem, e.g. the table of a denial. */
  readonly details?: readonly string[]
}

/** The one error of this project; anything else that is thrown is a fault and shown as `internal`. */
export class DbtOidcError extends Error implements Failure {
  readonly code: Code
  readonly problem: string
  readonly remedy: string
  readonly details: readonly string[]

  constructor(failure: Failure) {
    super(failure.problem, failure.cause === undefined ? undefined : { cause: failure.cause })
    this.name = 'DbtOidcError'
    this.code = failure.code
    this.problem = failure.problem
    this.remedy = failure.remedy
    this.details = failure.details ?? []
  }
}

/** Throws a {@link DbtOidcError}; reads as a statement where an expression of type `never` is wanted. */
export function fail(failure: Failure): never {
  throw new DbtOidcError(failure)
}
