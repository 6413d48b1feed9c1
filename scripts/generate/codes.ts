import type { Code } from '../../src/errors.ts'

/** What the page says of a code beside the sentence that errors.ts has. */
export interface Explained {
  /** A line of the log as it appears, of the pieces that the sources have; `…` stands for what differs from run to run. */
  readonly looks: string | readonly string[]
  readonly remedy: string
  /** Where more is said. */
  readonly see?: string
}

/** By code, so that a new code does not compile until somebody has written what to do about it. */
export const EXPLAINED: Readonly<Record<Code, Explained>> = {
  configuration: {
    looks: 'The configuration has … problems.',
    remedy:
      'Each problem stands below with its place and what to write instead. `npx github:OWNER/dbt-oidc#<sha> lint` shows the same before anything runs.',
    see: '[the policy file](policy.md), [inputs](inputs.md)',
  },
  usage: {
    looks: 'Which command?',
    remedy: '`--help` behind a command prints what there is.',
    see: '[the command line](cli.md)',
  },
  command: {
    looks: '--… is set by this action: …',
    remedy: 'Leave the flag out of `run`, and use what the message names in its place.',
    see: '[inputs](inputs.md)',
  },
  project: {
    looks: '… is no dbt project: …',
    remedy: 'Set `project-dir`, correct the file, or run `dbt deps` first, as the message says.',
  },
  'dbt-missing': {
    looks: 'There is no dbt on PATH.',
    remedy:
      'Add the input `install:` with the line of the message, or a step that installs dbt before this one.',
  },
  'dbt-version': {
    looks: '… does not work here: …',
    remedy: 'Install the version that the message names, or a later one.',
  },
  install: {
    looks: 'The requirements of `install` could not be installed (exit code …).',
    remedy: 'Check names and versions, and whether the runner reaches its package index.',
    see: '[what a run reaches](egress.md)',
  },
  'id-token-permission': {
    looks: 'This job may not ask for an ID token: GitHub gave it no address to ask at.',
    remedy:
      'Write `permissions: { id-token: write, contents: read }` into the job, and into the job that calls it if it stands in a reusable workflow.',
    see: '[GitHub’s side](github-actions.md#permissions)',
  },
  'id-token-fork': {
    looks: 'This pull request comes from …, not from … itself, and GitHub gives such runs no ID token.',
    remedy: 'That is as it should be. `without-token: parse` or `skip` says what such a run does instead.',
    see: '[forks](github-actions.md#pull-requests-from-forks)',
  },
  'id-token-dependabot': {
    looks: 'Dependabot started this run, and its runs get no ID token.',
    remedy: '`without-token: parse` or `skip`.',
    see: '[forks](github-actions.md#pull-requests-from-forks)',
  },
  'id-token-endpoint': {
    looks: ["GitHub's endpoint for ID tokens", 'answered with status …'],
    remedy: 'It was asked several times. Run the job again; look at https://www.githubstatus.com.',
    see: '[when GitHub is down](when-github-is-down.md)',
  },
  'id-token-response': {
    looks: [
      "GitHub's endpoint for ID tokens",
      'answered',
      'with a web page (a proxy or a login page stands in between)',
    ],
    remedy: 'Run the job again. If it stays, find out what stands between the runner and GitHub.',
    see: '[what a run reaches](egress.md)',
  },
  'token-format': {
    looks: "The text that GitHub's endpoint gave as an ID token …",
    remedy:
      'Nothing was used of it. On a runner of your own find out what answers at ACTIONS_ID_TOKEN_REQUEST_URL.',
  },
  'token-signature': {
    looks: 'The signature of the token does not hold under the key that it names.',
    remedy: 'As above: somebody else has made this token.',
  },
  'token-claims': {
    looks: 'The token comes from …, not from ….',
    remedy:
      'An enterprise with an issuer of its own sets `issuer:`; otherwise run the job again and report it if it happens twice.',
    see: '[issuers](github-actions.md#enterprise-issuers-and-github-enterprise-server)',
  },
  'token-changed': {
    looks: 'A later token of this job differs from the one on which the grant was decided, in: ….',
    remedy: 'Run the job again. Report it if it happens twice: within one job the claims do not change.',
  },
  'clock-skew': {
    looks: "This machine's clock says …, the issuer's says …",
    remedy: 'Set the clock of the runner; 30 seconds are tolerated.',
  },
  keys: {
    looks: 'The keys of the issuer … could not be had: …',
    remedy: 'Run the job again; on GitHub Enterprise Server look at the state of its Actions service.',
    see: '[when GitHub is down](when-github-is-down.md)',
  },
  'no-grant': {
    looks: 'No grant for target … holds for this run.',
    remedy:
      'The table below it names each claim with what was expected and what the token says. `npx github:OWNER/dbt-oidc#<sha> check --ref main` asks the same without a run; `until: claims` prints the `when` block that would grant exactly this run.',
    see: '[the policy file](policy.md)',
  },
  exchange: {
    looks: '… refused the request…',
    remedy:
      'The message says what that means where the text is known; all known texts stand [below](#what-the-other-side-says).',
    see: '[`drift`](lint.md#drift)',
  },
  'exchange-unavailable': {
    looks: '… could not be reached: ….',
    remedy:
      'Run the job again; see what stands between the runner and the host, and the state of its service.',
    see: '[what a run reaches](egress.md)',
  },
  'host-unreachable': {
    looks: '… could not be reached: ….',
    remedy:
      'Let the runner reach the hosts that are listed below it, by name server, firewall and proxy; `dbt-oidc doctor --network` tries each.',
    see: '[what a run reaches](egress.md)',
  },
  'blocked-host': {
    looks: 'A request was about to go to … without TLS.',
    remedy:
      'Correct the address in the configuration: outside a rehearsal it is an https URL of the provider.',
  },
  file: {
    looks: '… cannot be written: ….',
    remedy: 'Check the free space and the permissions of RUNNER_TEMP, and that no earlier step writes there.',
  },
  port: {
    looks: 'No port of 127.0.0.1 could be opened for the login proxy of `keep-alive: proxy`.',
    remedy: 'Look for what else uses the ports of this machine, or leave `keep-alive` away.',
  },
  dbt: {
    looks: '… ended with exit code …: …',
    remedy: 'Each failed node is an annotation on its file, and the job summary lists them all.',
  },
  'dbt-killed': {
    looks: '… was ended by …',
    remedy: 'SIGKILL mostly is the memory of the runner: fewer `threads`, or a larger runner.',
  },
  cancelled: {
    looks: 'The job was cancelled while dbt ran.',
    remedy: 'Run the job again. What had been bought is given back and removed.',
  },
  internal: {
    looks: 'This is a fault of the action: …',
    remedy: 'Run the job again with debug logging switched on, and report it together with the log.',
  },
}
