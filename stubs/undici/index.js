// @actions/http-client imports undici for one class, which only its `getAgentDispatcher` constructs (an entry
// that nothing here calls). The real package is 780 KB and 30 ms of every start.
class ProxyAgent {
  constructor() {
    throw new Error('undici is not part of this bundle: proxies are reached through node:http')
  }
}
module.exports = { ProxyAgent }
