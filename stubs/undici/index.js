// @actions/http-client imports undici for one class, and @actions/github for `fetch`, to be used behind a proxy. Neither
// is ever used here: requests go through node:http, which knows proxies itself. The real package is 780 KB and 30 ms of
// every start.
const unused = () => {
  throw new Error('undici is not part of this bundle: requests go through node:http')
}
class ProxyAgent {
  dispatch() {
    unused()
  }
}
module.exports = { ProxyAgent, fetch: unused }
