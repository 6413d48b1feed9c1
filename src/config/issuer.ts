import { DbtOidcError } from '../errors.ts'
import { issuerOf } from '../token/issuer.ts'
import type { YamlScalar } from '../yaml.ts'
import { input, placeOfInput } from './options.ts'
import type { Problems } from './problems.ts'
import type { Sources } from './sources.ts'

/** The issuer of the server, with what the input or the policy file (`written`) may add to it. */
export function readIssuer(sources: Sources, written: YamlScalar | undefined, problems: Problems): string {
  const given = input(sources, 'issuer')
  if (written?.text === '')
    problems.add(written.place, '`issuer` is empty: leave it out, or write the value.')
  if (given === undefined)
    return derive(sources.serverUrl, written?.text, written?.place ?? 'environment', problems)
  const place = placeOfInput('issuer')
  if (written && given !== written.text)
    problems.add(place, 'It differs from the `issuer` of the policy file; say it in one place.')
  return derive(sources.serverUrl, given, place, problems)
}

function derive(
  serverUrl: string,
  configured: string | undefined,
  place: string,
  problems: Problems,
): string {
  try {
    return issuerOf(serverUrl, configured)
  } catch (error) {
    if (!(error instanceof DbtOidcError)) throw error
    problems.add(place, error.problem)
    return ''
  }
}
