import { expect, test } from '@jest/globals'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createHttp } from '../src/http.ts'
import { rehearsalOf } from '../src/rehearsal.ts'

test.each([
  ['::1', '[::1]'],
  ['127.0.0.1', '127.0.0.1'],
])('a server is reached by IPv6 and by IPv4, where it has no other', async (address, host) => {
  const server = createServer((_req, res) => void res.end('here'))
  await once(server.listen(0, address), 'listening')
  const { port } = server.address() as AddressInfo
  const http = createHttp({ rehearsal: rehearsalOf(`http://${host}:${port}`), env: {} })
  try {
    expect((await http({ url: `http://${host}:${port}/`, deadline: 5000 })).body).toBe('here')
  } finally {
    server.close()
  }
})
