// One request for a token in a process of its own, with GitHub's toolkit: nothing else keeps the event loop alive.
import { getIDToken } from '@actions/core'
import { rehearsalOf } from '../../src/rehearsal.ts'
import { requestToken } from '../../src/token/request.ts'

const [perTry = '', total = '', how] = process.argv.slice(2)
const never = (): Promise<string> => new Promise(() => undefined)

try {
  await requestToken('mine', {
    ask: how === 'never' ? never : getIDToken,
    now: () => new Date(),
    mask: () => undefined,
    rehearsal: rehearsalOf(process.env['GITHUB_SERVER_URL'] ?? ''),
    timings: { request: { perTry: Number(perTry), total: Number(total), firstPause: 1 } },
  })
  console.log('accepted')
} catch (error) {
  console.log(error instanceof Error && 'code' in error ? `refused ${String(error.code)}` : String(error))
  process.exitCode = 1
}
