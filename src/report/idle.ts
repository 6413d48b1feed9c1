import type { DbtResult } from '../dbt/result.ts'
import { clip, NAME, oneLine } from './plain.ts'

/** A warning for each line of `run` that succeeded because there was nothing for it to do: dbt only says so in its log. */
export function idleWarnings(result: DbtResult | undefined): readonly string[] {
  const idle = (result?.lines ?? []).filter(
    ({ exitCode, artifacts }) => exitCode === 0 && artifacts?.nodes.length === 0,
  )
  return idle.map(
    ({ command }) =>
      `\`${clip(oneLine(command), NAME)}\` succeeded with nothing to do: nothing in the project fits it, so nothing was built or tested. Check its selection (\`--select\`, \`--exclude\`) and the name of what it selects.`,
  )
}
