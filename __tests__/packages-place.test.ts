import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requirePackagesInside } from '../src/dbt/packages-place.ts'

let directory: string
const at = (...parts: readonly string[]): string => join(directory, ...parts)

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'packages-place-'))
  for (const name of ['checkout/project', 'checkout/.git', 'home/.config'])
    mkdirSync(at(name), { recursive: true })
  symlinkSync(at('home'), at('checkout', 'away'))
  symlinkSync(at('checkout'), at('link'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('packages of dbt', () => {
  test.each([
    ['in the project, not there yet', 'checkout/project/dbt_packages'],
    ['beside the project', 'checkout/dbt_packages'],
    ['in a checkout that is itself a link', 'link/project/dbt_packages'],
  ])('may be unpacked %s', async (_where, path) => {
    await expect(requirePackagesInside({ packagesPath: at(path) }, at('checkout'))).resolves.toBeUndefined()
  })

  test.each([
    ['in a home, where they would be the configuration of git', 'home/.config'],
    ['behind a link that leads out of the checkout', 'checkout/away/.config'],
    ['in what git keeps', 'checkout/.git/hooks'],
    ['over the whole checkout', 'checkout'],
  ])('may not be unpacked %s', async (_where, path) => {
    await expect(requirePackagesInside({ packagesPath: at(path) }, at('checkout'))).rejects.toMatchObject({
      code: 'project',
    })
  })
})
