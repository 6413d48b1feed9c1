import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runChild } from '../child.ts'
import { ACCOUNT } from './bench.ts'

/** A command of the AWS CLI as a real shell has expanded it, and what it was answered. */
export interface Said {
  readonly words: readonly string[]
  readonly reply: string
}

// Stands for the CLI: writes down its words, and answers with the identifiers that later commands put in.
const CLI = `
aws() {
  size=$(wc -c <"$RECORD")
  id=$(printf "%08x-0000-4000-8000-$SALT" "$size")
  reply=
  case "$1 $2" in
    'sso-admin create-trusted-token-issuer') reply=arn:aws:sso::${ACCOUNT}:trustedTokenIssuer/ssoins-1234567890abcdef/tti-$id ;;
    'sso-admin describe-instance') reply=d-1234567890 ;;
    'identitystore create-group' | 'identitystore create-user') reply=$id ;;
    'redshift create-redshift-idc-application') reply=arn:aws:sso::${ACCOUNT}:application/ssoins-1234567890abcdef/apl-$(printf '%016x' "$size") ;;
    'iam create-role') reply=arn:aws:iam::${ACCOUNT}:role/$4 ;;
KNOWN
  esac
  printf '%s\\0' "$#" "$@" "$reply" >>"$RECORD"
  printf '%s\\n' "$reply"
}
`

/** What the other side answers to whoever looks for something: to calls that have all of these words. */
export interface Answer {
  readonly words: readonly string[]
  readonly reply: string
}

/** Runs documents in one shell, as a person who pastes one after the other. */
export async function runInShell(
  texts: readonly string[],
  answers: readonly Answer[] = [],
): Promise<readonly Said[]> {
  using shell = prepared(texts, answers)
  const { exitCode, stderr } = await runChild(shell.argv, { cwd: shell.directory, env: shell.env })
  return shell.said(exitCode, stderr)
}

/** The same at once, for whoever cannot wait. */
export function runInShellNow(texts: readonly string[]): readonly Said[] {
  using shell = prepared(texts, [])
  const [program, ...args] = shell.argv
  const { status, stderr } = spawnSync(program, args, {
    cwd: shell.directory,
    env: shell.env,
    encoding: 'utf8',
  })
  return shell.said(status, stderr)
}

function prepared(texts: readonly string[], answers: readonly Answer[]) {
  const directory = mkdtempSync(join(tmpdir(), 'shell-'))
  const record = join(directory, 'record')
  writeFileSync(record, '')
  const known = answers.map(({ words, reply }) => `    ${words.map(within).join('')}*) reply=${reply} ;;`)
  const cli = CLI.replace('KNOWN', ['  esac', '  case "$*" in', ...known].join('\n'))
  const argv: [string, ...string[]] = ['sh', '-euc', [cli, ...texts].join('\n')]
  return {
    directory,
    argv,
    // What one shell makes is not called what another has made.
    env: { PATH: process.env['PATH'] ?? '', RECORD: record, SALT: randomBytes(6).toString('hex') },
    said(exitCode: number | null, stderr: string): readonly Said[] {
      if (exitCode !== 0 || stderr !== '') throw new Error(`the shell ended with ${exitCode}: ${stderr}`)
      return saidIn(readFileSync(record, 'utf8'))
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  }
}

function within(word: string): string {
  return `*'${word.replaceAll("'", `'\\''`)}'`
}

function saidIn(record: string): Said[] {
  const words = record.split('\0').slice(0, -1)
  const said: Said[] = []
  while (words.length > 0) {
    const count = Number(words.shift())
    said.push({ words: words.splice(0, count), reply: words.shift() ?? '' })
  }
  return said
}
