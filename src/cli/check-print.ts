import type { Claims } from '../claims.ts'
import { visible } from '../policy/visible.ts'
import { decisionSentence, decisionTable, denial } from '../report/decision.ts'
import { coloured } from './colour.ts'
import { painter } from './paint.ts'
import type { Asked } from './check.ts'
import { print, printJson } from './print.ts'

/** Prints what one run would get: the answer first, then what was asked, then every grant with every claim. */
export function printCheck(asked: Asked, json: boolean): void {
  if (json) printJson(told(asked))
  else print(lines(asked, coloured(process.stdout)).join('\n'))
}

/** The answer as data; the verdicts are those of the decision, each check as it was made. */
function told({ checked, read, assumed, notes }: Asked): unknown {
  const { decision, untold, nearest } = checked
  const { granted, grant, asked, verdicts, warnings, claims } = decision
  const refusals = read?.refusals ?? []
  return {
    granted: granted && refusals.length === 0,
    reason: refusals[0] ?? decisionSentence(decision),
    nearest,
    grant: grant?.name,
    target: grant?.target,
    asked,
    verified: false,
    refusals,
    notes,
    claims: Object.fromEntries(claims.all),
    assumed: Object.fromEntries(assumed),
    untold,
    warnings,
    verdicts: verdicts.map(({ grant: { name, target, place }, ok, checks }) => ({
      grant: name,
      target,
      place,
      ok,
      checks,
    })),
  }
}

function lines({ checked, read, assumed, notes }: Asked, colour: boolean): readonly string[] {
  const { decision, untold, nearest } = checked
  const paint = painter(colour)
  const refusals = read?.refusals ?? []
  const granted = decision.granted && refusals.length === 0
  const head =
    refusals.length === 0
      ? decisionSentence(decision)
      : 'The step would refuse this token before it asks any grant.'
  return [
    `${granted ? paint('green', '✓') : paint('red', '✗')} ${paint('bold', head)}`,
    ...refusals.map((one) => `  ${one}`),
    ...(nearest === undefined ? [] : [`  ${nearest}`]),
    '',
    originOf(read, decision.claims),
    ...claimLines(decision.claims.all, assumed, paint),
    ...notes,
    '',
    ...decisionTable(decision, { colour, whole: true }),
    ...(read || decision.granted ? [] : untoldLines(untold, decision.claims)),
    ...decision.warnings.map((warning) => `! ${warning}`),
    ...(decision.granted ? [] : ['', ...denial(decision, { colour }).remedy.split('\n')]),
  ]
}

const OWN_OPTION: ReadonlySet<string> = new Set(['ref', 'environment'])

function untoldLines(untold: readonly string[], { from }: Claims): readonly string[] {
  if (untold.length === 0) return []
  const options = untold.map((name) =>
    from === undefined && OWN_OPTION.has(name) ? `--${name} …` : `--claim ${name}=…`,
  )
  return ['', `Not told, and so absent: ${untold.join(', ')}. If the run has them: ${options.join(' ')}`]
}

function originOf(read: Asked['read'], { from }: Claims): string {
  return read
    ? 'Read from the token, and NOT verified: nobody has checked its signature, so it proves nothing.'
    : from === undefined
      ? 'A supposed run; GitHub was not asked:'
      : `A supposed job of ${visible(from)}; nobody was asked:`
}

function claimLines(
  all: ReadonlyMap<string, string>,
  assumed: ReadonlyMap<string, string>,
  paint: ReturnType<typeof painter>,
): readonly string[] {
  const width = Math.max(...[...all.keys()].map((name) => visible(name).length))
  return [...all].map(([name, value]) => {
    const reason = assumed.get(name)
    const note = reason === undefined ? '' : `  ${paint('dim', `(${reason})`)}`
    return `  ${visible(name).padEnd(width)}  ${visible(value)}${note}`
  })
}
