/**
 * Where each cloud answers, and whom its federated credentials expect. The public row is documented; the audiences of the
 * others are what Microsoft's own tools write.
 */
export const CLOUDS = {
  public: {
    host: 'login.microsoftonline.com',
    audience: 'api://AzureADTokenExchange',
    graph: 'graph.microsoft.com',
  },
  'us-government': {
    host: 'login.microsoftonline.us',
    audience: 'api://AzureADTokenExchangeUSGov',
    graph: 'graph.microsoft.us',
  },
  china: {
    host: 'login.partner.microsoftonline.cn',
    audience: 'api://AzureADTokenExchangeChina',
    graph: 'microsoftgraph.chinacloudapi.cn',
  },
} as const

export const CLOUD_NAMES = ['public', 'us-government', 'china'] as const
