import type { Mail, MailTemplate } from '../deps.ts'

const WHO = {
  occurred_at: '2026-11-25T10:15:00.123Z',
  requested_by: 'Firefox on Linux',
  requested_ip: '2001:db8::1',
}
const LINK = { link: 'https://auth.example.com/account' }
const CODE = { ...WHO, code: '482913', expires_minutes: '10' }

/** Values as flows give them, for previews and for checks: each mail with all that it may show. */
export const SAMPLE_VALUES: Record<MailTemplate, Mail['values']> = {
  signin: {
    code: '482913',
    link: 'https://auth.example.com/signin/link?token=att_1.secret&x=1',
    expires_minutes: '10',
    requested_by: 'Firefox on Linux',
    requested_ip: '2001:db8::1',
    email_masked: 'a…@example.com',
  },
  test: {},
  stepup: CODE,
  email_change: CODE,
  email_restore: CODE,
  new_device: { ...WHO, ...LINK },
  passkey_added: { ...WHO, ...LINK, name: 'My phone' },
  passkey_removed: { ...WHO, ...LINK, name: 'My phone' },
  totp_enabled: { ...WHO, ...LINK },
  totp_removed: { ...WHO, ...LINK },
  recovery_codes_made: { ...WHO, ...LINK },
  recovery_code_used: { ...WHO, ...LINK, codes_left: '9' },
  factor_braked: { ...WHO, ...LINK },
  session_theft: { ...WHO, ...LINK },
  sessions_revoked: { occurred_at: WHO.occurred_at },
  email_changed: {
    ...WHO,
    link: 'https://auth.example.com/account/restore?token=rst_1.secret&x=1',
    old_email_masked: 'a…@example.com',
    new_email_masked: 'e…@example.org',
    expires_days: '7',
  },
  recovery_link_used: WHO,
  invitation: {
    link: 'https://auth.example.com/invitation?token=inv_1.secret&x=1',
    invited_by: 'Anna',
    expires_days: '14',
  },
  webhook_paused: {
    occurred_at: WHO.occurred_at,
    endpoint: 'https://app.example.com/events',
    endpoint_id: 'whe_06fa0v',
    said: '503 Service Unavailable',
  },
}
