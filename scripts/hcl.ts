import { ensureGo, pathOf, type GoProgram } from './go.ts'

const READER: GoProgram = { name: 'hcl', what: "the reader of Terraform's language" }

/** Where the reader stands once it is built. */
export const HCL = pathOf(READER)

/** A reader of Terraform's language by HashiCorp's own parser; built from its Go module where it is not there yet. */
export async function ensureHcl(): Promise<void> {
  await ensureGo(READER)
}
