import { MAKE_ONE } from './kind.ts'
import type { Rule } from './rule.ts'
import { isLoopbackHost } from './web-kind.ts'

/** Values of server-keys.ts that are valid alone, but contradict each other. */
export const SERVER_RULES: Rule[] = [
  {
    keys: ['server.host'],
    check: ({ server }, { isDev }) =>
      isDev && !isLoopbackHost(server.host)
        ? {
            message: `server.host: development mode listens on this machine only, not on ${server.host}`,
            suggestion: 'Write a configuration: authd init',
          }
        : undefined,
  },
  {
    keys: ['public_url'],
    check: ({ publicUrl }, { isDev }) =>
      isDev && !isLoopbackHost(new URL(publicUrl).hostname)
        ? {
            message: `public_url: development mode is for this machine only, not for ${publicUrl}`,
            suggestion: 'Write a configuration: authd init',
          }
        : undefined,
  },
  {
    keys: ['database.url', 'database.path'],
    check: ({ database }, { isSet }) =>
      database.url !== undefined && isSet('database.path')
        ? {
            message: 'database.url (PostgreSQL) and database.path (SQLite) are both set',
            suggestion: 'Keep one of them',
          }
        : undefined,
  },
  {
    keys: ['secret_file', 'secret'],
    check: ({ secret, secretFile }, { serverSecret }) =>
      secret === undefined && serverSecret !== undefined && Buffer.byteLength(serverSecret) < 32
        ? { message: `secret_file: the server secret in ${secretFile} is shorter than 32 bytes`, suggestion: MAKE_ONE }
        : undefined,
  },
]
