import type { RunFacts } from './report.ts'

function encode(path: string): string {
  return path
    .split('/')
    .map((segment) => encodeURIComponent(segment.toWellFormed()).replace(/[!'()*~]/g, hexed))
    .join('/')
}

function origin(facts: RunFacts): string | undefined {
  return /^https?:\/\/[\w.:[\]-]+$/.test(facts.serverUrl) ? facts.serverUrl : undefined
}

function within(facts: RunFacts, path: string): string | undefined {
  const server = origin(facts)
  return server === undefined ? undefined : `${server}/${encode(facts.repository)}/${path}`
}

/**
 * A file of the dbt project as a path in the repository. Undefined for what does not stay inside it: the manifest is
 * written by code of the project, and a link to somewhere else would look like one to here.
 */
export function repositoryPath(facts: RunFacts, file: string | null): string | undefined {
  if (file === null) return undefined
  const slashed = file.replaceAll('\\', '/')
  if (slashed.startsWith('/') || /^[A-Za-z]:/.test(slashed)) return undefined
  const segments = [...facts.projectPath.split('/'), ...slashed.split('/')].filter(
    (segment) => segment !== '' && segment !== '.',
  )
  if (segments.includes('..') || slashed.trim() === '') return undefined
  return segments.join('/')
}

/** The file at the commit of this run, and a line of it where that is known. */
export function fileUrl(facts: RunFacts, file: string | null, line?: number): string | undefined {
  const path = repositoryPath(facts, file)
  const at = line === undefined ? '' : `#L${line}`
  return path === undefined ? undefined : within(facts, `blob/${encode(facts.sha)}/${encode(path)}${at}`)
}

/** The commit of this run. */
export function commitUrl(facts: RunFacts): string | undefined {
  return within(facts, `commit/${encode(facts.sha)}`)
}

/** This attempt of the workflow run. */
export function runUrl(facts: RunFacts): string | undefined {
  return within(facts, `actions/runs/${encode(facts.runId)}/attempts/${encode(facts.runAttempt)}`)
}

/** A page of the warehouse's vendor, whose address a warehouse has made; nothing in it can end a link. */
export function pageUrl(url: string | undefined): string | undefined {
  const parsed = url === undefined ? null : URL.parse(url)
  if (parsed?.protocol !== 'https:' && parsed?.protocol !== 'http:') return undefined
  return parsed.href.replace(/[^\w\-.~:/?#@!$&*+,=%]/g, (mark) =>
    encodeURIComponent(mark).replace(/[()'[\]]/g, hexed),
  )
}

function hexed(mark: string): string {
  return `%${mark.charCodeAt(0).toString(16).toUpperCase()}`
}
