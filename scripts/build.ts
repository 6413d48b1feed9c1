import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What action.yml, `npx` and the step itself start: the exit code is 1 before anything is imported, so that no fault can look like success. */
const ROOTS = {
  'main.js': `process.exitCode = 1\nrequire('./index.js').main()\n`,
  'post.js': `process.exitCode = 1\nrequire('./index.js').post()\n`,
  'keeper.js': `process.exitCode = 1\nrequire('./index.js').keeper()\n`,
  'cli.js': `#!/usr/bin/env node\nprocess.exitCode = 4\nrequire('./index.js').cli()\n`,
}

/** What makes CommonJS of the files beside it. Node begins with that 8 ms sooner than with ES modules of the same. */
const COMMON_JS = '{ "type": "commonjs" }\n'

/**
 * Instead of what a package offers to Node, which of `yaml` is CommonJS: its ES modules, the same code, become one module,
 * and they ask no variable of the environment (which a workflow could set) whether to print what they read.
 */
const ALIASES = JSON.stringify({
  compilerOptions: { baseUrl: '..', paths: { yaml: ['node_modules/yaml/browser/dist/index.js'] } },
})

/**
 * Builds `root`/src into `out` (default `root`/dist). The same bytes come out in any directory: ncc and esbuild write
 * no path that is not relative to the sources. Into `stats` goes webpack's own account of what was taken in.
 */
export async function build(root: string, out = join(root, 'dist'), stats?: string): Promise<void> {
  const bin = join(import.meta.dirname, '..', 'node_modules')
  const node = process.execPath
  // Always this name: module ids are made from paths relative to the root.
  const lib = join(root, 'lib')
  await rm(lib, { recursive: true, force: true })
  await rm(out, { recursive: true, force: true })
  await mkdir(out, { recursive: true })
  await run(node, [join(bin, 'typescript', 'bin', 'tsc'), '-p', join(root, 'tsconfig.build.json')])
  // ncc writes ES modules where the package above its entry says that it is one; of this one it says nothing.
  await writeFile(join(lib, 'package.json'), '{}')
  const aliases = join(lib, 'tsconfig.json')
  await writeFile(aliases, ALIASES)
  const ncc = join(bin, '@vercel', 'ncc', 'dist', 'ncc', 'cli.js')
  await run(
    node,
    [
      ncc,
      'build',
      join(lib, 'index.js'),
      '-o',
      out,
      '--license',
      'licenses.txt',
      '--no-cache',
      ...(stats === undefined ? [] : ['--stats-out', stats]),
    ],
    { cwd: root, env: { ...process.env, TS_NODE_PROJECT: aliases } },
  )
  const { transform } = await import('esbuild')
  for (const file of await readdir(out)) {
    // A browser is never opened here, so the program that could do so does not come along.
    if (file.startsWith('xdg-open')) await rm(join(out, file))
    if (!file.endsWith('.js')) continue
    const { code } = await transform(await readFile(join(out, file), 'utf8'), {
      minify: true,
      format: 'cjs',
      target: 'node24',
      legalComments: 'none',
    })
    await writeFile(join(out, file), code)
  }
  await rm(lib, { recursive: true, force: true })
  await writeFile(join(out, 'package.json'), COMMON_JS)
  for (const [name, text] of Object.entries(ROOTS)) await writeFile(join(out, name), text)
}
