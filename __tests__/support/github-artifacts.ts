import { spawnSync } from 'node:child_process'
import type { ServerResponse } from 'node:http'
import { startIssuer, type Issuer } from './issuer.ts'
import { sendJson } from './issuer-server.ts'

/** One artifact as GitHub holds it. */
export interface Held {
  readonly name: string
  readonly run: number
  readonly made: string
  readonly expired?: boolean
  readonly files?: Readonly<Record<string, string>>
  /** Instead of an archive. */
  readonly bytes?: Buffer
}

/** What GitHub holds, and whom it tells. */
export interface Artifacts {
  readonly repositories: Readonly<Record<string, readonly Held[]>>
  /** Answers before anything else is looked at; true where it has. */
  readonly first?: (path: string, res: ServerResponse) => boolean
}

/** GitHub's API and the storage that it redirects to, each knowing its own caller. */
export async function artifactServer({
  repositories,
  first,
}: Artifacts): Promise<Issuer & { paths: string[] }> {
  const issuer = await startIssuer()
  const paths: string[] = []
  const storage = issuer.at('blobs.example', (req, res, path) => {
    // The address is signed: whoever sends a token there gives it away.
    if (req.headers.authorization !== undefined || !path.includes('sig=')) return sendJson(res, {}, 403)
    const [, repository = '', at = ''] = /^\/(.+)\/(\d+)\?/.exec(path) ?? []
    const held = repositories[repository]?.[Number(at)]
    return res.end(held?.bytes ?? archiveOf(held?.files ?? {}))
  })
  issuer.at('api.github.com', (req, res, path) => {
    const { pathname, searchParams } = new URL(path, 'http://x')
    paths.push(path)
    if (req.headers.authorization !== 'token ghs_secret')
      return sendJson(res, { message: 'Bad credentials' }, 401)
    if (first?.(pathname, res)) return undefined
    const page = <T>(all: readonly T[]): readonly T[] => {
      const [number, size] = ['page', 'per_page'].map((name) => Number(searchParams.get(name)))
      return all.slice(((number ?? 1) - 1) * (size ?? 30), (number ?? 1) * (size ?? 30))
    }
    const names = Object.keys(repositories)
    const [, owner] = /^\/orgs\/([^/]+)\/repos$/.exec(pathname) ?? []
    const own = names.filter((name) => name.startsWith(`${owner}/`))
    if (own.length > 0) return sendJson(res, page(own.map((full_name) => ({ full_name }))), 200)
    const [, repository = '', id] =
      /^\/repos\/([^/]+\/[^/]+)\/actions\/artifacts(?:\/(\d+)\/zip)?$/.exec(pathname) ?? []
    const all = repositories[repository]
    if (!all) return sendJson(res, { message: 'Not Found' }, 404)
    if (id === undefined)
      return sendJson(res, { total_count: all.length, artifacts: page(all.map(told)) }, 200)
    if (all[Number(id)]?.expired) return sendJson(res, { message: 'Artifact has expired' }, 410)
    res.writeHead(302, { location: `${storage}/${repository}/${id}?sig=1` })
    return res.end()
  })
  return Object.assign(issuer, { paths })
}

function told({ name, run, made, expired = false }: Held, id: number): object {
  return { id, name, expired, created_at: made, workflow_run: { id: run } }
}

/** As upload-artifact makes it: streamed, so that the sizes stand behind each file; by a program that is not ours. */
export function archiveOf(files: Readonly<Record<string, string>>): Buffer {
  const script = `
import io, json, sys, zipfile
class Stream(io.RawIOBase):
    def writable(self): return True
    def write(self, data): return sys.stdout.buffer.write(data)
with zipfile.ZipFile(Stream(), "w", zipfile.ZIP_DEFLATED) as archive:
    for name, text in json.load(sys.stdin).items(): archive.writestr(name, text)
`
  const { status, stdout, stderr } = spawnSync('python3', ['-c', script], { input: JSON.stringify(files) })
  if (status !== 0) throw new Error(stderr.toString())
  return stdout
}
