/** A `workflow_ref` or `job_workflow_ref` by its parts. */
export interface WorkflowRef {
  /** `o/r/.github/workflows/file.yml` */
  readonly path: string
  /** A full ref or a commit. */
  readonly ref: string
}

const FOLDER = '/.github/workflows/'

/**
 * Splits at the right `@`: both file names and refs may hold one. The file has no slash, so it ends at the last `@` of
 * its own segment, however much the ref looks like a file.
 */
export function parseWorkflowRef(text: string): WorkflowRef | undefined {
  const folder = text.indexOf(FOLDER)
  if (folder < 0) return undefined
  const file = folder + FOLDER.length
  const slash = text.indexOf('/', file)
  const at = text.slice(0, slash < 0 ? undefined : slash).lastIndexOf('@')
  if (at <= file) return undefined
  return { path: text.slice(0, at), ref: text.slice(at + 1) }
}

/** Whether the ref can come to mean another commit: everything but a full commit hash. */
export function isMutable(ref: string): boolean {
  return !/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(ref)
}
