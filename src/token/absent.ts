import type { Failure } from '../errors.ts'
import { untrustedPullRequest } from './pull-request.ts'

/** What can be known about a job that may have no ID token. */
export interface Evidence {
  /** ACTIONS_ID_TOKEN_REQUEST_URL. */
  readonly requestUrl: string | undefined
  /** ACTIONS_ID_TOKEN_REQUEST_TOKEN: only whether it is there. */
  readonly requestToken: string | undefined
  /** GITHUB_ACTOR. */
  readonly actor: string | undefined
  /** GITHUB_EVENT_NAME. */
  readonly eventName: string | undefined
  /** The parsed event file; undefined if it cannot be read. */
  readonly event: unknown
  /** GITHUB_REPOSITORY. */
  readonly repository: string
}

/** Why this job gets no ID token, as far as the evidence goes. Call it when one of the two variables is missing. */
export function explainAbsence(evidence: Evidence): Failure {
  if (evidence.actor === 'dependabot[bot]') return dependabot
  const pull = untrustedPullRequest(evidence.event, evidence.repository)
  if (pull.kind === 'fork') return fork(pull.head, pull.base)
  const [url, token] = [Boolean(evidence.requestUrl), Boolean(evidence.requestToken)]
  if (url !== token) return half(url ? 'ACTIONS_ID_TOKEN_REQUEST_TOKEN' : 'ACTIONS_ID_TOKEN_REQUEST_URL')
  return explainPermission()
}

/** The failure of a job without `id-token: write`, with the YAML for the job and for a workflow that calls it. */
export function explainPermission(): Failure {
  return {
    code: 'id-token-permission',
    problem: 'This job may not ask for an ID token: GitHub gave it no address to ask at.',
    remedy:
      'Give the job the permission `id-token: write`, and the calling job too if this is a reusable workflow.',
    details: [
      'In the job (naming one permission takes away all others, so `contents: read` for the checkout stands beside it):',
      '    permissions:',
      '      id-token: write',
      '      contents: read',
      'If the job is part of a reusable workflow, also in the workflow that calls it:',
      '    jobs:',
      '      dbt:',
      '        permissions:',
      '          id-token: write',
      '          contents: read',
      '        uses: OWNER/REPOSITORY/.github/workflows/dbt.yml@REF',
    ],
  }
}

const without =
  '`without-token: parse` runs `dbt parse` without credentials instead, and `without-token: skip` does nothing.'

const dependabot: Failure = {
  code: 'id-token-dependabot',
  problem: 'Dependabot started this run, and its runs get no ID token.',
  remedy: `Leave the check of its pull requests without a warehouse: ${without}`,
}

function fork(head: string, base: string): Failure {
  return {
    code: 'id-token-fork',
    problem: `This pull request comes from ${head}, not from ${base} itself, and GitHub gives such runs no ID token.`,
    remedy: `That is as it should be: nobody has reviewed this code yet. ${without}`,
  }
}

function half(missing: string): Failure {
  return {
    code: 'id-token-permission',
    problem: `One of the two variables that GitHub sets for a job with \`id-token: write\` is there, and ${missing} is missing.`,
    remedy:
      'A step, a container or the shell in between has dropped or emptied it: pass both variables on, or use the action directly in the job.',
  }
}
