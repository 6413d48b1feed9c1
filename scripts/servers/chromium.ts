import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cached, cacheDirectory } from './cache.ts'
import { runCommand } from './command.ts'

/** A Chromium that shows nothing, and what it needs around it. */
export interface Chromium {
  readonly path: string
  readonly env: Readonly<Record<string, string>>
}

const OWN = 'chromium'
const WANTED = ['chromium-headless-shell', 'fonts-dejavu-core', 'fonts-liberation', 'fonts-noto-color-emoji']
const INSTALLED = ['google-chrome', 'chromium', 'chromium-headless-shell']

/** The machine's own browser, or Debian's with its libraries and fonts, unpacked into the cache (110 MB, once). */
export async function ensureChromium({
  system = true,
}: { readonly system?: boolean } = {}): Promise<Chromium> {
  const installed = system ? INSTALLED.flatMap(onPath)[0] : undefined
  if (installed !== undefined) return { path: installed, env: surroundings() }
  const root = await cached(OWN, unpack)
  return {
    path: join(root, 'usr', 'lib', 'chromium', 'chromium-headless-shell'),
    env: {
      ...surroundings(),
      LD_LIBRARY_PATH: libraries(root).join(':'),
      FONTCONFIG_FILE: fonts(root),
    },
  }
}

function surroundings(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    TMPDIR: tmpdir(),
    LC_ALL: 'C.UTF-8',
  }
}

function onPath(name: string): readonly string[] {
  const places = (process.env['PATH'] ?? '').split(':').map((directory) => join(directory, name))
  return places.filter((place) => existsSync(place)).slice(0, 1)
}

async function unpack(directory: string): Promise<void> {
  const packages = join(directory, 'packages')
  mkdirSync(packages)
  const options = await lists(packages)
  // What the machine has already is not among them.
  const { stdout } = spawnSync(
    'apt-get',
    [...options, 'install', '--simulate', '--no-install-recommends', ...WANTED],
    { encoding: 'utf8' },
  )
  const names = [...(stdout ?? '').matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name)
  if (!names.includes(WANTED[0] ?? ''))
    throw new Error('apt knows no chromium-headless-shell: install Google Chrome or Chromium.')
  // `apt-get download` checks the signature of the index and needs no rights; nothing is installed.
  await runCommand(
    'Fetching Chromium from the packages of Debian (once)',
    'apt-get',
    [...options, 'download', ...names],
    {
      cwd: packages,
    },
  )
  for (const file of globSync(join(packages, '*.deb')))
    await runCommand(`Unpacking ${file.slice(packages.length + 1)}`, 'dpkg-deb', ['-x', file, directory])
  rmSync(packages, { recursive: true })
}

/** Options by which apt finds its lists: the machine's own, or, where it has none, fresh ones of ours. */
async function lists(directory: string): Promise<readonly string[]> {
  const { stdout } = spawnSync('apt-cache', ['policy', WANTED[0] ?? ''], { encoding: 'utf8' })
  if (/Candidate: \d/.test(stdout ?? '')) return []
  const own = mkdtempSync(join(directory, 'apt-'))
  mkdirSync(join(own, 'lists', 'partial'), { recursive: true })
  mkdirSync(join(own, 'cache', 'archives', 'partial'), { recursive: true })
  const options = ['-o', `Dir::State::Lists=${join(own, 'lists')}`, '-o', `Dir::Cache=${join(own, 'cache')}`]
  await runCommand('Asking Debian for its packages', 'apt-get', [...options, 'update'])
  return options
}

/** Every directory that holds libraries: unpacked, they are not where the linker looks. */
function libraries(root: string): readonly string[] {
  const found = globSync(join(root, '{usr/,}lib', '*-linux-gnu*', '**', '*.so*')).map((file) => dirname(file))
  return [...new Set(found)]
}

/** Where the fonts are, for a browser that looks in the machine's own places alone. */
function fonts(root: string): string {
  const file = join(cacheDirectory(), 'chromium-fonts.conf')
  const cache = join(cacheDirectory(), 'chromium-fonts')
  const [own, machine] = [join(root, 'usr', 'share', 'fonts'), '/usr/share/fonts']
  if (readdirSync(own).length === 0) throw new Error(`There are no fonts in ${own}.`)
  writeFileSync(
    file,
    `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>${own}</dir><dir>${machine}</dir><cachedir>${cache}</cachedir></fontconfig>
`,
  )
  return file
}
