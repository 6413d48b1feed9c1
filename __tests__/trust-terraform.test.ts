import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import {
  block,
  call,
  dataSource,
  hclDocument,
  jsonencode,
  reference,
  resource,
  variable,
} from '../src/trust/hcl.ts'
import { labelFor } from '../src/trust/label.ts'
import { hcl } from '../src/trust/quote.ts'
import { wayNamed } from './support/trust/ways.ts'

describe('a text of Terraform', () => {
  test.each([
    ['a"b', '"a\\"b"'],
    ['${file("x")}', '"$${file(\\"x\\")}"'],
    ['%{ if true }', '"%%{ if true }"'],
    ['$${x}', '"$$${x}"'],
    ['a\nb', '"a\\nb"'],
    ['\u202e', '"\\u202e"'],
    ['back\\slash', '"back\\\\slash"'],
    ['100%, $5', '"100%, $5"'],
  ])('%j is %s', (text, written) => {
    expect(hcl`${text}`).toBe(written)
  })

  test.each(['\0', '\ud800'])('is refused where the language has none for it: %j', (text) => {
    expect(() => hcl`${text}`).toThrow(/cannot be written/)
  })
})

describe('a label', () => {
  test.each(['prod', 'acme-prod_1', '_x'])('is the name where it can be: %s', (name) => {
    expect(labelFor(name)).toBe(name)
  })

  test('tells apart what loses the characters in which it differs', () => {
    const labels = ['a.b', 'a b', 'a_b', 'a/b', '1a', 'ä'].map(labelFor)
    expect(new Set(labels).size).toBe(6)
    for (const label of labels) expect(label).toMatch(/^[A-Za-z_][\w-]*$/)
    expect(labels).toEqual([
      expect.stringMatching(/^a_b_[0-9a-f]{8}$/),
      expect.stringMatching(/^a_b_[0-9a-f]{8}$/),
      'a_b',
      expect.stringMatching(/^a_b_[0-9a-f]{8}$/),
      expect.stringMatching(/^_1a_[0-9a-f]{8}$/),
      expect.stringMatching(/^__[0-9a-f]{8}$/),
    ])
  })

  test('is not longer than a person would read, and still its own', () => {
    const [one = '', other = ''] = ['x', 'y'].map((end) => labelFor(`${'a.'.repeat(60)}${end}`))
    expect(one).toMatch(/^(?:a_){50}_[0-9a-f]{8}$/)
    expect(other).not.toBe(one)
  })
})

test('a resource is written as terraform fmt would', () => {
  const body = {
    name: 'x',
    longer_name: [reference('a.b.c'), 'd'],
    left: undefined,
    policy: jsonencode({ Version: '1', 'a:b': ['c'] }),
    inner: block({ on: true, count: 2 }),
  }
  expect(hclDocument('# why', [resource('t', 'l', body)])).toBe(`# why

resource "t" "l" {
  name        = "x"
  longer_name = [a.b.c, "d"]
  policy = jsonencode({
    Version = "1"
    "a:b"   = ["c"]
  })

  inner {
    on    = true
    count = 2
  }
}
`)
})

test('the modulus that Terraform cuts out of a public key is that of its JWK', async () => {
  const documents = await wayNamed('snowflake-okta').documents('terraform')
  const text = documents.map((one) => one.text).join('\n')
  const [, from, length] = /substr\(data\.aws_kms_public_key\.\S+, (\d+), (\d+)\)/.exec(text) ?? []
  for (let made = 0; made < 5; made += 1) {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const base64 = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
    const cut = base64.substring(Number(from), Number(from) + Number(length))
    expect(cut.replaceAll('+', '-').replaceAll('/', '_')).toBe(publicKey.export({ format: 'jwk' }).n)
  }
})

describe('a document of Terraform', () => {
  test('holds what is there already, lists of objects, and nothing where nothing is to be said', () => {
    const body = {
      url: 'https://a',
      rules: [{ on: true }, { on: false, why: 'x' }],
      nested: [['a', 1], []],
      nothing: [],
      'odd key': 'v',
      call: jsonencode([null, 'x', { deep: [{ a: 1 }] }]),
    }
    expect(hclDocument('', [dataSource('t', 'l', body), '', dataSource('t', 'm', {})])).toBe(`data "t" "l" {
  url = "https://a"
  rules = [
    {
      on = true
    },
    {
      on  = false
      why = "x"
    },
  ]
  nested = [
    ["a", 1],
    [],
  ]
  nothing   = []
  "odd key" = "v"
  call = jsonencode([
    null,
    "x",
    {
      deep = [
        {
          a = 1
        },
      ]
    },
  ])
}

data "t" "m" {
}
`)
  })

  test('asks for what nobody but who applies it can know, and calls functions', () => {
    expect(
      variable('team', { type: reference('string'), default: call('join', ',', ['a', 1], reference('b.c')) }),
    ).toBe(`variable "team" {
  type    = string
  default = join(",", ["a", 1], b.c)
}`)
  })

  test('begins with a block where it begins with one, and parts blocks from what stands before them', () => {
    const inner = block({ a: 1 })
    expect(resource('t', 'l', { first: inner, second: inner, last: 'x', longer_one: 'y' }))
      .toBe(`resource "t" "l" {
  first {
    a = 1
  }

  second {
    a = 1
  }
  last       = "x"
  longer_one = "y"
}`)
  })
})
