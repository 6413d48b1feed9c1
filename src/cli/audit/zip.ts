/** A quarter of a busy repository. */
const LARGEST = 256 * 1024 * 1024

/** The audit logs in an archive, each with its name. Nothing is written, and nothing grows beyond what the archive says. */
export async function logsIn(bytes: Uint8Array): Promise<readonly (readonly [name: string, text: string])[]> {
  const { unzipSync } = await import('fflate')
  let room = LARGEST
  const files = unzipSync(bytes, {
    filter: ({ name, size, originalSize }) => {
      if (!name.endsWith('.jsonl')) return false
      // What the archive says of the size is a claim, and entries that are not packed may share their bytes.
      room -= Math.max(size, originalSize)
      if (room < 0) throw new Error(`its logs are larger than ${LARGEST} bytes`)
      return true
    },
  })
  return Object.entries(files).map(([name, content]) => [name, new TextDecoder().decode(content)])
}
