/** The code of an error of the operating system or of node: `ENOENT`, `ERR_STREAM_PREMATURE_CLOSE`. */
export function systemCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined
}
