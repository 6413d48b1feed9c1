import * as z from 'zod/mini'
import { jsonIn } from '../../json.ts'

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const texts = z.array(z.string())

/**
 * The statements that Vault plays. It keeps them as they were given: SQL, a list of it as JSON, or either in base64
 * (api-docs/secret/databases, "Create role"), and decodes when it makes a user.
 */
export function statementsIn(given: string | readonly string[] | null | undefined): readonly string[] {
  return [given ?? []].flat().flatMap(spelledOut)
}

function spelledOut(statement: string): readonly string[] {
  const encoded = statement.trim().replaceAll(/[\r\n]/g, '')
  const text =
    encoded !== '' && BASE64.test(encoded) ? Buffer.from(encoded, 'base64').toString('utf8') : statement
  const list = texts.safeParse(jsonIn(text))
  return list.success ? list.data : [text]
}
