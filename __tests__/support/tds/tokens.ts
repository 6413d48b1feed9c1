/** What a server answers with (2.2.7): each is a token, and they follow each other. */
const ID = {
  columns: 0x81,
  error: 0xaa,
  loginAck: 0xad,
  featureAck: 0xae,
  row: 0xd1,
  change: 0xe3,
  done: 0xfd,
} as const

/** TDS 7.4. */
const VERSION = Buffer.from([0x74, 0, 0, 4])
const FEDERATED = 2
const INT = 0x38

interface Ended {
  readonly rows?: number
  readonly failed?: boolean
  readonly attention?: boolean
}

/** That the statement is over; of a row, with how many there were. */
export function done({ rows, failed = false, attention = false }: Ended = {}): Buffer {
  const body = Buffer.alloc(13)
  body.writeUInt8(ID.done)
  body.writeUInt16LE((failed ? 0x02 : 0) | (rows === undefined ? 0 : 0x10) | (attention ? 0x20 : 0), 1)
  body.writeBigUInt64LE(BigInt(rows ?? 0), 5)
  return body
}

/** A row with one number, and the column that it is in. */
export function oneNumber(name: string, value: number): Buffer {
  const column = Buffer.from([ID.columns, 1, 0, 0, 0, 0, 0, 0, 0, INT, name.length])
  const row = Buffer.alloc(5)
  row.writeUInt8(ID.row)
  row.writeInt32LE(value, 1)
  return Buffer.concat([column, wide(name), row, done({ rows: 1 })])
}

/** A refusal in the server's words. */
export function refused(number: number, text: string): Buffer {
  const head = Buffer.alloc(6)
  head.writeInt32LE(number)
  head.writeUInt8(1, 4)
  head.writeUInt8(14, 5)
  const line = Buffer.alloc(4)
  line.writeInt32LE(1)
  const body = Buffer.concat([head, sized(text, 2), sized('test', 1), sized('', 1), line])
  return Buffer.concat([tokened(ID.error, body), done({ failed: true })])
}

/** That whoever logged in is in this database. */
export function letIn(database: string): Buffer {
  const changes = Buffer.concat([Buffer.from([1]), sized(database, 1), sized('master', 1)])
  const ack = Buffer.concat([
    Buffer.from([1]),
    VERSION,
    sized('Microsoft SQL Server', 1),
    Buffer.from([16, 0, 0, 0]),
  ])
  const features = Buffer.from([ID.featureAck, FEDERATED, 0, 0, 0, 0, 0xff])
  return Buffer.concat([tokened(ID.change, changes), tokened(ID.loginAck, ack), features, done()])
}

function tokened(id: number, body: Buffer): Buffer {
  const head = Buffer.alloc(3)
  head.writeUInt8(id)
  head.writeUInt16LE(body.length, 1)
  return Buffer.concat([head, body])
}

/** A text with its length in characters before it. */
function sized(text: string, bytes: 1 | 2): Buffer {
  const length = Buffer.alloc(bytes)
  length.writeUIntLE(text.length, 0, bytes)
  return Buffer.concat([length, wide(text)])
}

function wide(text: string): Buffer {
  return Buffer.from(text, 'utf16le')
}
