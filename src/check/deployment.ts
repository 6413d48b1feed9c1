/** Which refs GitHub lets deploy to an environment; `unknown` where nobody has asked it. */
export type Rule =
  | { readonly kind: 'any' | 'protected' | 'unknown' }
  | { readonly kind: 'named'; readonly names: readonly RefName[] }

/** One name pattern of a deployment rule. */
export interface RefName {
  readonly type: 'branch' | 'tag'
  readonly pattern: string
}

/** Whether the rule lets a run with this ref use the environment; undefined where that is not known. */
export function admits(rule: Rule, ref: string, isProtected: boolean | undefined): boolean | undefined {
  switch (rule.kind) {
    case 'any':
      return true
    case 'unknown':
      return undefined
    case 'protected':
      return ref.startsWith('refs/heads/') ? isProtected : false
    case 'named':
      return rule.names.some(({ type, pattern }) => type === typeOf(ref) && fnmatch(pattern, nameOf(ref)))
  }
}

function typeOf(ref: string): RefName['type'] {
  return ref.startsWith('refs/tags/') ? 'tag' : 'branch'
}

// The merge of a pull request has no shorter name: a rule admits it by `refs/pull/` and a star.
function nameOf(ref: string): string {
  return ref.replace(/^refs\/(?:heads|tags)\//, '')
}

/**
 * Ruby's `File.fnmatch` with FNM_PATHNAME, by which GitHub matches names ("Managing environments for deployment"): one
 * star and `?` stop at a slash, two stars before a slash are any number of directories, `[a-z]` is a set, and a
 * backslash takes what follows as it is.
 */
export function fnmatch(pattern: string, name: string): boolean {
  const source = pattern.replaceAll(
    /(^|\/)\*\*\/|\*+|\?|\[([!^]?)((?:\\.|[^\]\\])+)\]|\\(.)|[\s\S]/gu,
    (
      part,
      start: string | undefined,
      not: string | undefined,
      set: string | undefined,
      literal: string | undefined,
    ) => {
      if (start !== undefined) return `${start}(?:[^/]+/)*`
      if (set !== undefined) return `(?!/)[${not ? '^' : ''}${set.replaceAll(/[[\]^&]|\\(?=\\)/g, '\\$&')}]`
      if (part.startsWith('*')) return '[^/]*'
      if (part === '?') return '[^/]'
      return escaped(literal ?? part)
    },
  )
  try {
    return new RegExp(`^${source}$`, 'su').test(name)
  } catch {
    // A set that is none, such as [z-a], matches nothing.
    return false
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
