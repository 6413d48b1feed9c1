import { expect, test } from '@jest/globals'
import { repositoryOfRemote } from '../src/cli/remote.ts'

test.each([
  ['https://github.com/acme/dbt', 'acme/dbt'],
  ['https://github.com/acme/dbt.git\n', 'acme/dbt'],
  ['https://x-access-token:abc@github.acme.example:8443/acme/dbt.js.git', 'acme/dbt.js'],
  ['git@github.com:acme/dbt.git', 'acme/dbt'],
  ['ssh://git@github.com:22/acme/dbt', 'acme/dbt'],
  ['/srv/main', ''],
  ['file:///srv/main', ''],
  ['../srv/main', ''],
  ['C:/srv/main.git', ''],
  ['https://host.example/group/sub/project', ''],
])('the remote %j is %j', (url, repository) => {
  expect(repositoryOfRemote(url)).toBe(repository)
})
