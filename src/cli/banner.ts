import type { Config } from '../config/schema.ts'

/** What a daemon for people says when it starts: where to sign in, and where data, mail and log are. */
export function banner(
  config: Config,
  version: string,
  { isDevelopment, path }: { isDevelopment: boolean; path: string | undefined },
): string {
  const { publicUrl, database, log } = config
  const data = database.url === undefined ? database.path : 'PostgreSQL'
  const mail =
    config.smtp.host === undefined
      ? 'shown here, with link and code'
      : `through ${config.smtp.host}:${config.smtp.port}`
  return `
  authd ${version}   passwordless sign-in
  open      ${publicUrl}/signin
  data      ${data}
  mail      ${mail}
  config    ${isDevelopment ? 'none: development mode, for this machine only' : (path ?? 'from the environment')}
  log       ${log.file ?? 'here'}
  stop      Ctrl-C

`
}
