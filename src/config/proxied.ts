import type { Config } from '../config.ts'
import { toJs } from '../profile.ts'
import { placeOfInput, type Options } from './options.ts'
import type { Problems } from './problems.ts'

/** What `keep-alive: proxy` needs: a dbt of this step, and a driver whose logins can pass through us. */
export function checkProxied(
  { keepAlive, until }: Pick<Options, 'keepAlive' | 'until'>,
  { targets, asked, commands }: Pick<Config, 'targets' | 'asked' | 'commands'>,
  problems: Problems,
): void {
  if (keepAlive !== 'proxy') return
  const place = placeOfInput('keep-alive')
  if (until === 'profile' || (until === undefined && commands.length === 0))
    problems.add(
      place,
      '`proxy` ends with this step, so later steps could not log in: let this step run dbt by `run`, or leave `keep-alive` at `auto`.',
    )
  for (const { name, bound, warehouse, via, output, lookup } of targets.values()) {
    if (asked !== undefined && name !== asked) continue
    if (bound.loginOrigin(via) === undefined)
      problems.add(
        place,
        `\`proxy\` is for Snowflake via \`direct\` alone, and the target \`${name}\` is ${warehouse.title} via \`${via}\`: leave \`keep-alive\` at \`auto\`, or ask for a Snowflake target by the input \`target\`.`,
      )
    else if (toJs(output, lookup)['proxy_host'] !== undefined)
      problems.add(
        place,
        `dbt would ask the \`proxy_host\` of the target \`${name}\` for our own address: name that proxy in HTTPS_PROXY of the step instead, which \`keep-alive: proxy\` goes by.`,
      )
  }
}
