/** The files of templates/mail/ that a mail is made of. */
export type MailLayout = 'signin' | 'test' | 'code' | 'notice'

interface DeclaredMail {
  layout: MailLayout
  /** The values that the mail may show, each as an example for previews and checks. */
  values: Record<string, string>
  /** The mail is useless without its link. Other mails work without one. */
  needsLink?: true
  /** The sentence below the mail, where it is not the usual one. */
  footer?: 'mail.footer' | 'mail.footer_invited' | 'mail.footer_operator'
}

const WHO = {
  occurred_at: '2026-11-25T10:15:00.123Z',
  requested_by: 'Firefox on Linux',
  requested_ip: '2001:db8::1',
}
/** For mails whose button leads elsewhere. */
const ACCOUNT = { account: 'https://auth.example.com/account' }
const LINK = { link: 'https://auth.example.com/account' }
const CODE = { ...WHO, code: '482913', expires_minutes: '10' }

/**
 * Every mail that authd sends. Its sentences are `mail.<name>.…` in templates/locales/. A flow that queues a mail with a
 * missing or unknown value does not compile.
 */
export const MAILS = {
  signin: {
    layout: 'signin',
    values: {
      code: '482913',
      link: 'https://auth.example.com/signin/link?token=att_1.secret&x=1',
      expires_minutes: '10',
      requested_by: 'Firefox on Linux',
      requested_ip: '2001:db8::1',
      email_masked: 'a…@example.com',
    },
  },
  test: { layout: 'test', values: {} },
  stepup: { layout: 'code', values: CODE },
  // The account still has its old address. The new one was only entered.
  email_change: { layout: 'code', values: CODE, footer: 'mail.footer' },
  email_restore: { layout: 'code', values: CODE },
  new_device: {
    layout: 'notice',
    values: { ...WHO, ...ACCOUNT, link: 'https://auth.example.com/not-you?token=end_1.secret&x=1' },
  },
  passkey_added: { layout: 'notice', values: { ...WHO, ...LINK, name: 'My phone' } },
  passkey_removed: { layout: 'notice', values: { ...WHO, ...LINK, name: 'My phone' } },
  totp_enabled: { layout: 'notice', values: { ...WHO, ...LINK } },
  totp_removed: { layout: 'notice', values: { ...WHO, ...LINK } },
  recovery_codes_made: { layout: 'notice', values: { ...WHO, ...LINK } },
  recovery_codes_removed: { layout: 'notice', values: { ...WHO, ...LINK } },
  recovery_code_used: { layout: 'notice', values: { ...WHO, ...LINK, codes_left: '9' } },
  factor_locked: { layout: 'notice', values: { ...WHO, ...LINK } },
  session_theft: { layout: 'notice', values: { ...WHO, ...LINK } },
  sessions_revoked: { layout: 'notice', values: { ...WHO, ...LINK } },
  // Others of the user's sessions go on.
  session_revoked: { layout: 'notice', values: { ...WHO, ...LINK, signed_out: 'Safari on iOS, 192.0.2.1' } },
  email_changed: {
    layout: 'notice',
    values: {
      ...WHO,
      ...ACCOUNT,
      link: 'https://auth.example.com/account/restore?token=rst_1.secret&x=1',
      old_email: 'ada@example.com',
      new_email_masked: 'e…@example.org',
      expires_days: '7',
    },
    needsLink: true,
  },
  // An operator changed it, while an earlier change could be undone: this one cannot.
  email_changed_by_operator: {
    layout: 'notice',
    values: { ...WHO, old_email: 'ada@example.com', new_email_masked: 'e…@example.org' },
  },
  // Goes to the address that the user no longer has.
  email_restored: {
    layout: 'notice',
    values: { ...WHO, old_email: 'eve@example.org', new_email_masked: 'a…@example.com' },
  },
  recovery_link_used: { layout: 'notice', values: { ...WHO, ...LINK } },
  // There is no account page any more.
  account_deleted: { layout: 'notice', values: WHO },
  invitation: {
    layout: 'notice',
    values: {
      link: 'https://auth.example.com/invitation?token=inv_1.secret&x=1',
      expires_days: '14',
      occurred_at: WHO.occurred_at,
    },
    needsLink: true,
    footer: 'mail.footer_invited',
  },
  webhook_paused: {
    layout: 'notice',
    values: {
      occurred_at: WHO.occurred_at,
      endpoint: 'https://app.example.com/events',
      endpoint_id: 'whe_06fa0v',
      said: '503 Service Unavailable',
    },
    footer: 'mail.footer_operator',
  },
} as const satisfies Record<string, DeclaredMail>

export type MailTemplate = keyof typeof MAILS

/** Values that are left out if they are unknown: who did it, when and where, and the way to the account page. */
type Optional = keyof typeof WHO | keyof typeof LINK | keyof typeof ACCOUNT | 'email_masked'

type Declared<Template extends MailTemplate> = keyof (typeof MAILS)[Template]['values']

export type NeededLink<Template extends MailTemplate> = (typeof MAILS)[Template] extends { needsLink: true }
  ? 'link'
  : never

/** The mails that say who did what when. All but one lead to the account page. */
export type AccountNotice = {
  [Name in MailTemplate]: (typeof MAILS)[Name] extends { layout: 'notice'; values: typeof WHO } ? Name : never
}[MailTemplate]

/** The values that only this mail has. */
export type MailOwnValues<Template extends MailTemplate> = {
  [Name in Exclude<Declared<Template>, Optional>]: string
}

/** The values of a mail. Of several mails, those of any of them. */
export type MailValues<Template extends MailTemplate> = Template extends MailTemplate
  ? MailOwnValues<Template> & { [Name in NeededLink<Template>]: string } & {
      [Name in Extract<Declared<Template>, Optional>]?: string
    }
  : never

export const mailTemplates = Object.keys(MAILS) as MailTemplate[]

/** The declaration of a mail, for code that treats all mails alike. */
export function declaredMail(template: MailTemplate): DeclaredMail {
  return MAILS[template]
}
