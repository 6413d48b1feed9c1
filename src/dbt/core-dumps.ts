/** Runs a short command to its end. */
export type Run = (command: string, argv: readonly string[]) => Promise<{ readonly exitCode: number }>

/**
 * Takes from a process, and from all that it starts from now on, the right to leave a core dump, which would hold its
 * secrets. Only `prlimit` of Linux can do that from outside; false where it did not. A kernel that pipes dumps into a
 * program asks that program: systemd's and Ubuntu's honour the limit.
 */
export async function forbidCoreDumps(pid: number, run: Run): Promise<boolean> {
  if (process.platform !== 'linux') return false
  try {
    const { exitCode } = await run('prlimit', ['--core=0:0', '--pid', String(pid)])
    return exitCode === 0
  } catch {
    return false
  }
}
