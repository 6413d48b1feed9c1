/** Where a row is played: a file and the title of its test, or the row of its table. */
type Played = readonly [file: string, title: string]

/** Every fault that a run can meet, by family, each with the test that brings it about through the built action. */
export const FAULTS: Readonly<Record<string, Readonly<Record<string, Played>>>> = {
  "GitHub's endpoint for tokens": {
    '500, then fine': ['process-faults.test.ts', '500 twice'],
    '429 and Retry-After': ['process-faults.test.ts', '429 with Retry-After'],
    408: ['process-faults.test.ts', '408'],
    '502 and 503, then fine': ['process-endpoint.test.ts', '503, then 502'],
    '5xx for ever': [
      'process-endpoint.test.ts',
      '500 for as long as patience lasts: exit 1, how often it was asked, and nothing left',
    ],
    'a reset connection': ['process-endpoint.test.ts', 'a reset connection'],
    'no such name': ['process-network.test.ts', 'where %s stands in %s'],
    'a refused connection': ['process-network.test.ts', 'by a proxy that is not there'],
    'cut JSON': ['process-faults.test.ts', 'a body that is always cut off'],
    'an empty body': ['process-endpoint.test.ts', 'an empty body'],
    'a page': ['process-endpoint.test.ts', 'an HTML page'],
    'no value': ['process-faults.test.ts', 'an object without a value'],
    'a short body and a drop': [
      'process-endpoint.test.ts',
      'a body that is shorter than promised, and a dropped connection',
    ],
    silence: ['process-endpoint.test.ts', 'silence until the deadline'],
    'a redirect': ['process-faults.test.ts', 'a redirect'],
    'a body without end': ['process-endpoint.test.ts', 'a body without end'],
    'a value that is no text': ['process-endpoint.test.ts', 'a value that is an object'],
    'a value with a line end': ['process-endpoint.test.ts', 'a value that gives commands'],
    '401 and 403': ['process-endpoint.test.ts', '403'],
  },
  'the keys of the issuer': {
    'a fault that passes': ['process-keys.test.ts', '%s (%s) let the run go on'],
    'a fault that lasts': ['process-keys.test.ts', '%s (%s) end the run before anything is bought'],
    rotation: [
      'process-keys.test.ts',
      'while dbt runs are fetched once more, and dbt has a fresh token under the new one',
    ],
    cooldown: [
      'process-keys.test.ts',
      'to one that the issuer does not have are asked for twice, and no more',
    ],
  },
  'an exchange': {
    'of OAuth, well again': [
      'process-exchange-faults.test.ts',
      '%s gives the run its credential, for another token at each try',
    ],
    'of OAuth, for good': [
      'process-exchange-faults.test.ts',
      '%s is asked once, dbt is not started, and nothing stays',
    ],
    '5xx for as long as it is asked': [
      'process-exchange-faults.test.ts',
      'an exchange that answers 503 for as long as it is asked is given up after eight tries of which each is told, dbt is not started, and nothing stays',
    ],
    'no such name': [
      'process-network.test.ts',
      'a host of the exchange that no name server knows has the same code, dbt is not started, and nothing stays',
    ],
    'a life that is none': [
      'process-exchange-faults.test.ts',
      '%s is refused, and dbt is not started with it (fault-exchange-07)',
    ],
    'of AWS, Entra, Google and Vault, well again': [
      'process-exchange-families.test.ts',
      'after %s buys with a fresh token, and dbt runs',
    ],
    'of AWS, Entra, Google and Vault, for good': [
      'process-exchange-families.test.ts',
      'that has %s for everybody ends the run by a code, before dbt, and leaves nothing',
    ],
    'fifty jobs at once': ['process-storm.test.ts', 'const JOBS = 50'],
  },
  'a clock': {
    'five minutes off': [
      'process-clock.test.ts',
      '%s is named, with how much, by the date of an answer of GitHub',
    ],
    'within the leeway': ['process-clock.test.ts', '%s by less than the leeway hinders nobody'],
    'set back while something is held': [
      'freshness.test.ts',
      'leaves nothing of its life, since whoever reads its end by that clock would use it beyond',
    ],
  },
  processes: {
    'SIGINT, SIGTERM, a dbt that ignores them': [
      'process-cleanup.test.ts',
      'by %s while dbt does %j ends in time with all that it started',
    ],
    'a second SIGINT': [
      'process-cleanup.test.ts',
      'has removed its directory while dbt still ends, and a second SIGINT ends dbt at once',
    ],
    'SIGKILL of the step, and its memory at an end': [
      'process-cleanup.test.ts',
      'ends the dbt of a step that was killed (dbt does %j), and then removes the files',
    ],
    'SIGKILL of dbt, a segmentation fault, memory at an end': [
      'process-dbt.test.ts',
      'that dies by %s is told with its name, and what an earlier run left is not taken for its result',
    ],
    'a grandchild that holds the pipe': [
      'process-dbt.test.ts',
      'does not wait for a process that holds its output open, and ends it',
    ],
    'an empty loop': ['dist.test.ts', 'both roots set the exit code to 1 before they import anything'],
  },
  'standard output': {
    'that takes nothing': ['process-unread.test.ts', 'ends dbt, exits by 1, and leaves nothing'],
    'that takes nothing of the last words': [
      'process-unread.test.ts',
      'is no post step that has succeeded, even if these were its last words',
    ],
    'that nobody reads': [
      'stdout.test.ts',
      'a reader that never takes anything is not waited for once all is said',
    ],
  },
  disks: {
    'a full one, half way': [
      'process-disk.test.ts',
      'with room for %i KiB is full half way: the run ends before dbt, and leaves no part of a file',
    ],
    'a read-only one': ['process-disk.test.ts', 'that is read-only ends the run before dbt'],
    'no room for a summary': [
      'process-disk.test.ts',
      'a summary that cannot be written is a warning, and the run succeeds (fault-disk-04)',
    ],
    'no room for an output': [
      'process-disk.test.ts',
      'an output that cannot be written fails the step, and nothing stays (fault-disk-04)',
    ],
    'no room for the state': [
      'process-disk.test.ts',
      '%s that cannot be written fails the step (%s, %s), and nothing stays',
    ],
    'no room for the audit log': [
      'process-grant.test.ts',
      'whose audit log cannot be written does not happen',
    ],
  },
  networks: {
    'CONNECT, by variables of either case': ['process-network.test.ts', 'HTTPS_PROXY in upper case'],
    'a proxy with a login': [
      'process-network.test.ts',
      'with its login, which is masked in each of its spellings',
    ],
    'a proxy that refuses': ['process-network.test.ts', 'by a proxy that wants a login'],
    'NO_PROXY that names others': ['process-network.test.ts', 'another port in NO_PROXY'],
    'an authority of the company': [
      'process-behind-proxy.test.ts',
      'the process that renews for later steps goes the same way',
    ],
    'an authority that is not named': [
      'process-network.test.ts',
      'where the authority of the company is not named',
    ],
    'an expired certificate': ['process-network.test.ts', 'under a certificate that has expired'],
    'a certificate of another host': ['process-network.test.ts', 'under a certificate of another host'],
    'certificates that nobody looks at': ['process-network.test.ts', 'where certificates are not looked at'],
    'a host that is blocked': [
      'process-network.test.ts',
      'a host of the exchange that the proxy keeps shut has a code of its own, and every host of the run is named',
    ],
    'IPv6 alone': [
      'process-network.test.ts',
      'is found past the proxy, which would look for it on its own machine',
    ],
    'GitHub on a server of its own': ['process-network.test.ts', 'with %s'],
  },
}
