/** What a client says when it logs in (2.2.6.4), as far as anybody here asks. */
export interface Login {
  readonly database: string
  /** The access token, where it logs in with one and with no password. */
  readonly token: string | undefined
  readonly password: boolean
}

/** Where the offset of each field stands, and behind it the length. */
const AT = { user: 40, password: 44, extension: 56, database: 68 } as const
const FEDERATED = 2
const END = 0xff
/** Of its options, all but the first bit name the library that got the token: this one says "a token, and that is all". */
const SECURITY_TOKEN = 1

export function loginOf(data: Buffer): Login {
  const text = (at: number): string => {
    const offset = data.readUInt16LE(at)
    return data.toString('utf16le', offset, offset + 2 * data.readUInt16LE(at + 2))
  }
  return {
    database: text(AT.database),
    token: tokenIn(data),
    password: text(AT.user) !== '' || data.readUInt16LE(AT.password + 2) > 0,
  }
}

function tokenIn(data: Buffer): string | undefined {
  if (data.readUInt16LE(AT.extension + 2) === 0) return undefined
  let at = data.readUInt32LE(data.readUInt16LE(AT.extension))
  for (let id = data.readUInt8(at); id !== END; id = data.readUInt8(at)) {
    const length = data.readUInt32LE(at + 1)
    const feature = data.subarray(at + 5, at + 5 + length)
    if (id === FEDERATED && feature.readUInt8() >> 1 === SECURITY_TOKEN)
      return feature.toString('utf16le', 5, 5 + feature.readUInt32LE(1))
    at += 5 + length
  }
  return undefined
}
