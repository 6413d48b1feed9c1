/**
 * Where each cloud answers, and whom its federated credentials expect. The public row is documented; the audiences of the
 * others are what Microsoft's own tools write.
 */
export const CLOUDS = {
  public: { host: 'login.microsoftonline.com', audience: 'api://AzureADTokenExchange' },
  'us-government': { host: 'login.microsoftonline.us', audience: 'api://AzureADTokenExchangeUSGov' },
  china: { host: 'login.partner.microsoftonline.cn', audience: 'api://AzureADTokenExchangeChina' },
} as const

export const CLOUD_NAMES = ['public', 'us-government', 'china'] as const
