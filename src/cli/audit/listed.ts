import type * as z from 'zod/mini'
import type { Ask } from '../github.ts'

const PAGE = 100

type Page = Readonly<Record<'per_page' | 'page', number>>

/** Every page of a list of GitHub's. */
export async function listed<T>(
  ask: (page: Page) => ReturnType<Ask>,
  schema: z.ZodMiniType<readonly T[]>,
): Promise<readonly T[]> {
  const items: T[] = []
  for (let page = 1; ; page++) {
    const { data } = await ask({ per_page: PAGE, page })
    const got = schema.parse(data)
    items.push(...got)
    if (got.length < PAGE) return items
  }
}
