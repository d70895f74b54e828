import type { OperatorCommand } from '../command.ts'

type Loader = () => Promise<{
  default: typeof OperatorCommand & (new (argv: string[], config: never) => OperatorCommand)
}>

/** Every command, by what is typed. By hand, so that a single file carries them and only the one asked for is loaded. */
export const COMMANDS: Readonly<Record<string, Loader>> = {
  init: () => import('./init.ts'),
  serve: () => import('./serve.ts'),
  healthcheck: () => import('./healthcheck.ts'),
  version: () => import('./version.ts'),
  'users list': () => import('./users/list.ts'),
  'users show': () => import('./users/show.ts'),
  'users add': () => import('./users/add.ts'),
  'users disable': () => import('./users/disable.ts'),
  'users enable': () => import('./users/enable.ts'),
  'users delete': () => import('./users/delete.ts'),
  'users invite': () => import('./users/invite.ts'),
  'users update': () => import('./users/update.ts'),
  'users recover': () => import('./users/recover.ts'),
  'users unlock': () => import('./users/unlock.ts'),
  'users export': () => import('./users/export.ts'),
  'passkeys list': () => import('./passkeys/list.ts'),
  'passkeys rename': () => import('./passkeys/rename.ts'),
  'passkeys remove': () => import('./passkeys/remove.ts'),
  'totp reset': () => import('./totp/reset.ts'),
  'recovery-codes reset': () => import('./recovery-codes/reset.ts'),
  'sessions list': () => import('./sessions/list.ts'),
  'sessions show': () => import('./sessions/show.ts'),
  'sessions revoke': () => import('./sessions/revoke.ts'),
  'keys list': () => import('./keys/list.ts'),
  'keys rotate': () => import('./keys/rotate.ts'),
  'api-keys list': () => import('./api-keys/list.ts'),
  'api-keys create': () => import('./api-keys/create.ts'),
  'api-keys revoke': () => import('./api-keys/revoke.ts'),
  'audit tail': () => import('./audit/tail.ts'),
  'email test': () => import('./email/test.ts'),
  'email queue': () => import('./email/queue.ts'),
  'config check': () => import('./config/check.ts'),
  'config show': () => import('./config/show.ts'),
  'config path': () => import('./config/path.ts'),
  'config reference': () => import('./config/reference.ts'),
  'config env': () => import('./config/env.ts'),
  'migrate up': () => import('./migrate/up.ts'),
  'migrate status': () => import('./migrate/status.ts'),
  openapi: () => import('./openapi.ts'),
  completion: () => import('./completion.ts'),
}
