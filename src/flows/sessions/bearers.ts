import type { Deps } from '../../deps.ts'
import type { Session } from '../../store/sessions.ts'

/** The credentials of a session, except for tokens. */
export interface Bearers {
  /** `ses_<id>.<secret>`, for a session in a cookie. */
  cookie: string | undefined
  /** `chk_<id>.<secret>`, for the other hosts of `session.cookie_domain`. It only tells who is signed in. */
  check: string | undefined
  /** Like the cookie, but a bearer that can only enrol a factor. For a session that will hand over tokens. */
  enrolmentToken: string | undefined
}

export function bearersOf(deps: Pick<Deps, 'keys'>, session: Session, secret: string | undefined): Bearers {
  const text = secret === undefined ? undefined : `${session.id}.${secret}`
  if (session.delivery === 'tokens') return { cookie: undefined, check: undefined, enrolmentToken: text }
  const check = `chk_${session.id.slice('ses_'.length)}.${deps.keys.mac(CHECK_COOKIE, checkedText(session))}`
  return { cookie: text, check, enrolmentToken: undefined }
}

/** The purpose of the MAC that is the secret of the check cookie. */
const CHECK_COOKIE = 'check-cookie'

/** It is derived from the session's salt, so it changes with the session's secret and needs no column. */
function checkedText({ id, refreshSalt }: Session): string {
  return `${id} ${refreshSalt}`
}

/** Whether this is the secret of the session's check cookie. */
export function isCheckSecret({ keys }: Pick<Deps, 'keys'>, session: Session, secret: string): boolean {
  return keys.isMac(CHECK_COOKIE, checkedText(session), secret)
}
