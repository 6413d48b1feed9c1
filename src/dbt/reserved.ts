/** What belongs to this action, and the input or file by which it is set instead. */
const RESERVED: ReadonlyMap<string, string> = new Map([
  ['target', 'the target comes from the grant; ask for one with the input "target"'],
  ['profile', 'use the input "profile"'],
  [
    'profiles-dir',
    'the profile is written by this action; to start from an existing one use the input "profiles-dir"',
  ],
  ['project-dir', 'use the input "project-dir"'],
  ['log-path', 'set log-path in dbt_project.yml'],
  ['target-path', 'set target-path in dbt_project.yml'],
])

// dbt's short flags with a value: what follows in the same word is that value (`-stag:daily`).
const WITH_VALUE = /[smor]/

/**
 * Why a word may not stand in a command, or undefined. It is refused wherever it stands, even as the value of
 * another flag: which flags take values is dbt's to change.
 */
export function reserved(word: string): string | undefined {
  const name = word.startsWith('--') ? longName(word) : shortName(word)
  const instead = name === undefined ? undefined : RESERVED.get(name)
  return instead === undefined ? undefined : `--${name} is set by this action: ${instead}.`
}

function longName(word: string): string | undefined {
  const name = (/^--([^=\s]*)/.exec(word)?.[1] ?? '').toLowerCase().replaceAll('_', '-')
  if (name === '') return undefined
  // dbt below 1.5 completes what is abbreviated, and no flag of dbt's own is the beginning of one of these.
  return (
    [...RESERVED.keys()].find((key) => key === name) ??
    [...RESERVED.keys()].find((key) => key.startsWith(name))
  )
}

/** Short flags can be joined, and the value of the last one follows at once: `-t prod`, `-tprod`, `-xqtprod`. */
function shortName(word: string): string | undefined {
  if (!/^-[A-Za-z]/.test(word)) return undefined
  for (const letter of word.slice(1)) {
    if (letter === 't') return 'target'
    if (!/[A-Za-z]/.test(letter) || WITH_VALUE.test(letter)) return undefined
  }
  return undefined
}
