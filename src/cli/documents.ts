import { buffer } from 'node:stream/consumers'
import { resolve } from 'node:path'
import { fail } from '../errors.ts'
import { visible } from '../policy/visible.ts'
import { readRegular } from '../regular.ts'
import { recognise, type Read } from '../trust/recognise.ts'
import type { WholeRegistries } from '../config/target.ts'

/** Standard input, as many programs name it. */
const STDIN = '-'
const LARGEST = 1024 * 1024

/** Reads what platforms have printed, each file as one document; `-` is standard input. */
export async function readDocuments(
  files: readonly string[],
  registries: WholeRegistries,
): Promise<readonly Read[]> {
  const found: Read[] = []
  for (const file of files) {
    const name = file === STDIN ? 'standard input' : visible(file)
    found.push(...(await recognise(await textOf(file, name), name, registries)))
  }
  return found
}

async function textOf(file: string, name: string): Promise<string> {
  if (file === STDIN) {
    const bytes = await buffer(process.stdin)
    return bytes.length > LARGEST ? refuse(name, 'it is larger than 1 MiB') : bytes.toString('utf8')
  }
  const found = await readRegular(resolve(file))
  if (found.kind === 'text') return found.text
  return refuse(
    name,
    found.kind === 'unreadable'
      ? found.why
      : found.kind === 'missing'
        ? 'there is none'
        : 'it is a directory',
  )
}

function refuse(name: string, why: string): never {
  return fail({
    code: 'configuration',
    problem: `${name} cannot be read: ${why}.`,
    remedy: 'Name a file with what a platform has printed of its trust, or `-` for standard input.',
  })
}
