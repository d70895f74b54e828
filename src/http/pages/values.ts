import type { Sentences } from '../../platform/texts/sentences.ts'
import type { OwnEvent } from '../../resources/personal-data.ts'

/** What each hosted page shows. A route fills one of these and calls renderPage; sentences are in templates/locales. */
export interface PageValues {
  /** Asks for the e-mail address. Posts `email`, and `redirect_to` if given, to /signin. */
  signin: {
    /** As typed before, to be corrected. */
    email?: string
    redirectTo?: string
    error?: PageError
    /** Said above the form. */
    notice?: 'signed_out' | 'deleted' | 'email_restored'
    /** A passkey that somebody tried and that is nobody's: their authenticator may forget it. */
    unknownCredential?: string
    rpId?: string
  }
  /**
   * The mail is on its way: takes its code. Posts `attempt` and `code` to /signin/code; "send again" posts `attempt`,
   * `email` and `redirect_to` to /signin.
   */
  code: {
    attempt: string
    /** As typed: it is shown to the browser that typed it. */
    email: string
    /** Long codes have letters: they get a keyboard that has them. */
    codeKind?: 'short' | 'long'
    /** Seconds until another mail may be asked for; 0 = now. */
    resendAfter: number
    redirectTo?: string
    error?: PageError
    /** After "send again": says that another mail has been sent. */
    notice?: 'sent_again'
  }
  /** Where a mail's link leads. Posts `attempt` and `token` to /signin/link in the browser that asked, and nothing elsewhere. */
  link:
    | {
        kind: 'own'
        attempt: string
        token: string
        emailMasked: string
      }
    | {
        kind: 'elsewhere'
        emailMasked: string
        /** When, where and by what the sign-in was begun, and what time it is now: epoch milliseconds. */
        begunAt: number
        now: number
        /** `Firefox on Linux` */
        browser?: string
        ip?: string
      }
  /** The first proof was right: asks for a second one. Posts `attempt`, `method`, `code` to /signin/factor, or a passkey. */
  factor: {
    attempt: string
    emailMasked?: string
    hasPasskey: boolean
    hasTotp: boolean
    hasRecovery: boolean
    /** Nothing that the person has is accepted now. */
    isEmpty: boolean
    error?: PageError
  }
  /** Everything a person has here. */
  account: {
    email: string
    name: string | null
    createdAt: number
    /** What was just done. */
    notice?: AccountNotice
    error?: PageError
    offersPasskey: boolean
    isRequired: boolean
    passkeys: { id: string; name: string; synced: boolean; createdAt: number; lastUsedAt: number | null }[]
    totpSince: number | null
    hasFactor: boolean
    codesLeft: number
    fewCodes: boolean
    sessions: { id: string; device?: string; isCurrent: boolean; ip: string | null; lastSeenAt: number }[]
    hasOthers: boolean
    rpId: string
    webauthnUserId: string
    /** Of all passkeys, for the authenticators; parted by spaces. */
    credentialIds: string
  }
  /** What happened to the account, newest first. */
  activity: {
    events: OwnEvent[]
  }
  /** Makes a passkey. Posts `challenge_id`, `credential` and `redirect_to` to /account/passkeys. */
  'passkey-new': {
    /** Offered after a sign-in: "not now" leads on. */
    isOffer: boolean
    redirectTo?: string
    error?: PageError
  }
  /** One passkey: rename it, remove it. */
  passkey: {
    id: string
    name: string
    maker: string | null
    synced: boolean
    createdAt: number
    isLast: boolean
    error?: PageError
  }
  totp: { isOn: boolean; error?: PageError }
  /** Shows the secret, once; after a wrong code without it. Posts `code` to /account/totp. */
  'totp-setup': { secret?: string; uri?: string; qr?: string; error?: PageError }
  /** Recovery codes, shown once. */
  codes: { codes: string[]; fileName: string; redirectTo?: string }
  'recovery-codes': { hasFactor: boolean; codesLeft: number; error?: PageError }
  /** Asks for a fresh proof, and leads on to `next`. */
  confirm: {
    email: string
    next: string
    hasPasskey: boolean
    hasTotp: boolean
    hasRecovery: boolean
    hasEmail: boolean
    isMailed: boolean
    isEmpty: boolean
    error?: PageError
  }
  /** Asks for a new address. Posts `email` to /account/email. */
  email: { current: string; typed?: string; error?: PageError }
  /** Takes the code of a mail that proves an address. Posts `code`, and `token` if given, to `action`. */
  mailcode: {
    kind: 'change' | 'restore'
    email: string
    action: string
    back: string
    token?: string
    error?: PageError
  }
  delete: { email: string }
  /** A second factor is required, and there is none. */
  enrol: Record<string, never>
  /** Posts `token` to /invite. */
  invite: { email: string; token: string }
  /** Posts `token` to /recover. */
  recover: { emailMasked: string; removes: string[]; token: string }
  /** The way back after a change of address. Posts `token` to /restore-email. */
  restore: { newMasked: string; oldMasked: string; token: string }
  /** Asks before signing out. Posts to /signout. */
  signout: {
    email: string
  }
  /** Something did not work. Says what to do, by the error's code. */
  error: PageError & {
    status: number
    requestId: string
  }
  /** Documents an error code, for `{public_url}/problems/<code>`. */
  problem: PageError & {
    status: number
  }
}

export type AccountNotice =
  | 'passkey_added'
  | 'passkey_renamed'
  | 'passkey_removed'
  | 'totp_enabled'
  | 'totp_removed'
  | 'name_saved'
  | 'email_changed'
  | 'session_ended'
  | 'others_ended'
  | 'confirmed'

export type PageName = keyof PageValues

/** An error as pages say it: in the reader's language where templates/locales has its code, else in these words. */
export interface PageError {
  code: string
  /** The error's public text. */
  message: string
  /** Seconds, for a limit that ends. */
  retryAfter?: number
}

/** What all pages share. */
export interface PageContext {
  /** A language tag, or the request's Accept-Language as it is. */
  lang: string
  appName: string
  /** The sentences in force; ours alone where they are left out. */
  locales?: Record<string, Sentences>
  /** The path of public_url without a slash at its end: `` or `/auth`. Forms, links and assets start with it. */
  basePath: string
  supportUrl?: string
  /** A line of the operator's, for everybody. */
  siteNotice?: string
  /** The paths of the operator's logo and of their style sheet. */
  logo?: string
  theme?: string
  /** Epoch milliseconds. */
  now: number
}
