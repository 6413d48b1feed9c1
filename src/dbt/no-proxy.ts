/** The environment in which no proxy is asked for this host of our own, which no proxy could reach and none must hear of. */
export function withoutProxy(
  env: Readonly<Record<string, string>>,
  host: string,
): Readonly<Record<string, string>> {
  // Lower case wins in curl, Python and Go alike.
  const others = env['no_proxy'] || env['NO_PROXY'] || ''
  // An asterisk is only understood alone, and says the same already.
  const list = others.trim() === '*' ? others : [others, host].filter((one) => one !== '').join(',')
  return { ...env, no_proxy: list, NO_PROXY: list }
}
