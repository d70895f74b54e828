import type { MailTemplate } from '../deps.ts'

/** The files of templates/mail/ that a mail is made of. */
export type Layout = 'signin' | 'test' | 'code' | 'notice'

/** The layout of each mail; its sentences are `mail.<template>.…` in templates/locales/. */
export const LAYOUTS: Record<MailTemplate, Layout> = {
  signin: 'signin',
  test: 'test',
  stepup: 'code',
  email_change: 'code',
  email_restore: 'code',
  new_device: 'notice',
  passkey_added: 'notice',
  passkey_removed: 'notice',
  totp_enabled: 'notice',
  totp_removed: 'notice',
  recovery_codes_made: 'notice',
  recovery_code_used: 'notice',
  factor_braked: 'notice',
  session_theft: 'notice',
  sessions_revoked: 'notice',
  email_changed: 'notice',
  recovery_link_used: 'notice',
  invitation: 'notice',
  webhook_paused: 'notice',
}
