/** Runs a short command to its end. */
export type Run = (
  command: string,
  argv: readonly string[],
  options: { readonly env: Readonly<Record<string, string>> },
) => Promise<{ readonly exitCode: number }>

// By PATH a `prlimit` of the checkout could be found, and would hold our own environment and process in its hands.
const PLACES = ['/usr/bin/prlimit', '/bin/prlimit']

/**
 * Takes from a process, and from all that it starts from now on, the right to leave a core dump, which would hold its
 * secrets. Only `prlimit` of Linux can do that from outside; false where it did not. A kernel that pipes dumps into a
 * program asks that program: systemd's and Ubuntu's honour the limit.
 */
export async function forbidCoreDumps(pid: number, run: Run): Promise<boolean> {
  if (process.platform !== 'linux') return false
  for (const prlimit of PLACES)
    if (await succeeds(() => run(prlimit, ['--core=0:0', '--pid', String(pid)], { env: {} }))) return true
  return false
}

async function succeeds(run: () => ReturnType<Run>): Promise<boolean> {
  try {
    return (await run()).exitCode === 0
  } catch {
    return false
  }
}
