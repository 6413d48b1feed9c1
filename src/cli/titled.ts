import { comment } from '../trust/quote.ts'
import type { Made } from '../trust/together.ts'

/** The text with its title as the first line, where the language has comments; JSON has none. */
export function titled({ title, language, text }: Pick<Made, 'title' | 'language' | 'text'>): string {
  if (language === 'json') return text
  return `${comment(language === 'sql' ? '--' : '#', [title])}\n${text}`
}

/** For a terminal JSON gets a title as well; where somebody reads on from a pipe it would be no JSON any more. */
export function shown(made: Made, terminal: boolean): string {
  return made.language === 'json' && terminal ? `# ${made.title}\n${made.text}` : titled(made)
}
