/**
 * Words of the other side without what it was sent: a server that repeats a secret must not make a sentence of ours out of
 * it. Before they are cut, since nobody finds a part of a secret any more.
 */
export function without(text: string, secrets: readonly string[]): string {
  const cut = secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
  // Parts of a token, too, and tokens that are not ours.
  return cut.replaceAll(/[\w-]{10,}\.[\w-]{10,}\.[\w-]*/g, (found) =>
    found.startsWith('eyJ') ? '***' : found,
  )
}
