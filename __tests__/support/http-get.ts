// One request in a process of its own: certificate authorities are read when node starts.
import { createHttp } from '../../src/http.ts'

const [url = ''] = process.argv.slice(2)
try {
  const { status, body } = await createHttp({ rehearsal: undefined, env: process.env })({
    url,
    deadline: 10_000,
  })
  console.log(`${status} ${body}`)
} catch (error) {
  console.log(
    error instanceof Error && 'code' in error ? `${String(error.code)}: ${error.message}` : String(error),
  )
  process.exitCode = 1
}
