import type { Carried } from '../../warehouse.ts'
import type { LoginProxy } from '../login-proxy.ts'

/** What dbt gets so that it logs in through the proxy: its address, and the placeholder in place of the token. */
export function throughProxy(
  carried: Carried,
  { port, placeholder }: Pick<LoginProxy, 'port' | 'placeholder'>,
): Carried {
  return {
    fields: {
      ...carried.fields,
      host: { kind: 'text', text: '127.0.0.1' },
      port: { kind: 'plain', source: String(port) },
      protocol: { kind: 'text', text: 'http' },
    },
    secrets: { TOKEN: placeholder },
    files: carried.files,
    // Without it the driver logs in at Snowflake's own hosts only (251021).
    env: { ...carried.env, SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES: '127.0.0.1' },
  }
}
