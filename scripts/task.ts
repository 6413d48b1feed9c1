/** Runs a task of `scripts/start.mjs`: its result is the exit code; what it throws is told, with `DEBUG` set in full. */
export async function task(body: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await body()
  } catch (error) {
    process.exitCode = 1
    const sentence = error instanceof Error ? error.message : String(error)
    console.error('\n%s', process.env.DEBUG ? error : sentence)
  }
}
