/** ECMA-48's select graphic rendition. */
const SGR = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const

/** Paints a text, or leaves it as it is. */
export type Paint = (colour: keyof typeof SGR, text: string) => string

/** The one way to paint for a stream of which `coloured` has decided. */
export function painter(colour: boolean): Paint {
  return (name, text) => (colour && text !== '' ? `\u001b[${SGR[name]}m${text}\u001b[0m` : text)
}
