/** Whether to colour what goes to a stream: on a terminal only, unless NO_COLOR or FORCE_COLOR says otherwise. */
export function coloured({ isTTY }: { readonly isTTY?: boolean }, env = process.env): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = env
  if (NO_COLOR || FORCE_COLOR === '0' || FORCE_COLOR === 'false') return false
  if (FORCE_COLOR) return true
  return isTTY === true && TERM !== 'dumb'
}
