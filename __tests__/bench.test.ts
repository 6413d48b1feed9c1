import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Result, Used } from '../scripts/bench/figures.ts'
import { judged } from '../scripts/bench/judged.ts'
import { peersIn } from '../scripts/bench/peers.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'dbt-oidc-peers-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** A checkout with what its release has built, or without. */
function checkout(place: string, built = true): void {
  const root = join(directory, place)
  mkdirSync(join(root, 'dist'), { recursive: true })
  writeFileSync(join(root, 'action.yml'), "runs:\n  using: node24\n  main: 'dist/index.js'\n")
  writeFileSync(join(root, 'package.json'), '{ "version": "3.0.0" }')
  if (built) writeFileSync(join(root, 'dist', 'index.js'), '')
}

function result(ours: { cpu: number; memory: number }, theirs: { cpu: number; memory: number }): Result {
  const used = ({ cpu, memory }: typeof ours): Used => ({
    name: 'a/b',
    version: '',
    cpu: { min: cpu, median: 2 * cpu },
    wall: { min: 1, median: 1 },
    memory: { min: 1, median: memory },
    bytes: 1,
    requests: 1,
  })
  return { title: 't', note: '', cpu: { most: 0.9, stretch: 0.7 }, ours: used(ours), peer: used(theirs) }
}

describe('the benchmark beside other actions', () => {
  test('finds each of them by either name of its folder, with the program that its action.yml starts', () => {
    checkout('google-github-actions+auth')
    checkout('Azure/login')
    expect([...peersIn(directory)].map(([name, { version, main }]) => [name, version, main])).toEqual([
      ['google-github-actions/auth', '3.0.0', join(directory, 'google-github-actions+auth', 'dist/index.js')],
      ['Azure/login', '3.0.0', join(directory, 'Azure/login', 'dist/index.js')],
    ])
  })

  test('names a checkout that has no bundle, and a folder that holds none of them', () => {
    checkout('hashicorp/vault-action', false)
    expect(() => peersIn(directory)).toThrow('check out a release of hashicorp/vault-action')
    expect(() => peersIn(join(directory, 'dist'))).toThrow('holds none of')
  })

  test.each([
    [{ cpu: 90, memory: 60 }, [true, true]],
    [{ cpu: 91, memory: 61 }, [false, false]],
  ])('judges %j beside 100 ms and 60 MiB', (ours, met) => {
    expect(judged([result(ours, { cpu: 100, memory: 60 })]).map((figure) => figure.met)).toEqual(met)
  })
})
