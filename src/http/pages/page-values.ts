import type { Sentences } from '../../platform/texts/templates.ts'
import type { OwnEvent } from '../../resources/personal-data.ts'

/** How a user can prove that it is them. */
export type Way = 'passkey' | 'email' | 'totp' | 'recovery_code'

export interface WaysValues {
  hasPasskey: boolean
  hasTotp: boolean
  hasRecovery: boolean
  /** None of the user's factors is accepted now. */
  isEmpty: boolean
  /** What the error is about. */
  tried?: Way | 'mail'
  /** Wrong codes of the authenticator app on this page. */
  misses?: number
}

/** The values of each hosted page. Their sentences are in templates/locales. */
export interface PageValues {
  /** Asks for the e-mail address. Posts `email`, and `redirect_to` if given, to /signin. */
  signin: {
    /** As typed, so that the user can correct it. */
    email?: string
    redirectTo?: string
    error?: PageError
    /** Shown above the form. */
    notice?: 'signed_out' | 'deleted' | 'email_restored' | 'not_you' | 'was_me' | 'ended'
    /** What the script gives to the browser for a passkey: JSON. */
    asked: string
  }
  /**
   * Takes the code from the mail. Posts `attempt` and `code` to /signin/code; "send again" posts `attempt`,
   * `email` and `redirect_to` to /signin.
   */
  code: {
    attempt: string
    /** As typed. Only the browser that typed it sees it. */
    email: string
    /** Long codes contain letters and need another on-screen keyboard. */
    codeKind?: 'short' | 'long'
    /** How long link and code work. */
    ttlMs: number
    /** Seconds until another mail can be requested; 0 means now. */
    resendAfter: number
    redirectTo?: string
    error?: PageError
    /** Set after "send again". */
    notice?: 'sent_again' | 'not_sent'
  }
  /** The page of a mail's link. Only the browser that began the sign-in gets `attempt` and `token`, for its form. */
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
        /** When the sign-in was begun, and the current time: epoch milliseconds. */
        begunAt: number
        now: number
        /** `Firefox on Linux` */
        browser?: string
        ip?: string
      }
  /** Asks for a second factor. Posts `attempt`, `method`, `code` to /signin/factor, or a passkey. */
  factor: WaysValues & {
    attempt: string
    emailMasked?: string
    error?: PageError
  }
  /** The overview of an account. */
  account: {
    email: string
    name: string | null
    createdAt: number
    /** Confirms the last change. */
    notice?: AccountNotice
    error?: PageError
    offersPasskey: boolean
    isRequired: boolean
    passkeys: { id: string; name: string; synced: boolean; createdAt: number; lastUsedAt: number | null }[]
    totpSince: number | null
    hasFactor: boolean
    codesLeft: number
    fewCodes: boolean
    /** New codes that the user has not confirmed as saved. Their page can still show them. */
    hasUnsavedCodes: boolean
    sessions: { id: string; device?: string; isCurrent: boolean; ip: string | null; lastSeenAt: number }[]
    hasOthers: boolean
    rpId: string
    webauthnUserId: string
    /** The ids of all passkeys, separated by spaces, for the authenticators. */
    credentialIds: string
  }
  /** The events of the account, newest first. */
  activity: {
    events: OwnEvent[]
  }
  /** Creates a passkey. Posts `challenge_id`, `credential` and `redirect_to` to /account/passkeys. */
  'passkey-new': {
    /** Offered after a sign-in, with a "not now" link. */
    isOffer: boolean
    redirectTo?: string
    error?: PageError
  }
  /** Renames or removes a passkey. */
  passkey: {
    id: string
    name: string
    maker: string | null
    synced: boolean
    createdAt: number
    isLast: boolean
    /** Without it, recovery codes stand in for nothing. */
    endsCodes: boolean
    error?: PageError
  }
  /** `endsCodes`: without the app, recovery codes stand in for nothing. */
  totp: { isOn: boolean; endsCodes: boolean; error?: PageError }
  /** Shows the new secret until its first right code. Posts `code` to /account/totp. */
  'totp-setup': { secret: string; uri: string; qr: string; error?: PageError }
  /** New recovery codes. Posts to /account/recovery-codes/saved. */
  codes: { codes: string[]; fileName: string; email: string }
  'recovery-codes': {
    hasFactor: boolean
    codesLeft: number
    /** Set after the first passkey, with a "not now" link. */
    notice?: 'passkey_added'
    error?: PageError
  }
  /** Asks for a fresh proof, then continues to `next`. */
  confirm: WaysValues & {
    email: string
    next: string
    hasEmail: boolean
    isMailed: boolean
    error?: PageError
  }
  /** Asks for a new address. Posts `email` to /account/email. */
  email: { current: string; typed?: string; error?: PageError }
  /** Takes the code from a mail that proves an address. Posts `code`, and `token` if given, to `action`. */
  mailcode: {
    kind: 'change' | 'restore'
    email: string
    action: string
    back: string
    /** Where another mail is asked for, with `token`, or else with `email` and `again`. */
    again: string
    token?: string
    /** Set after "send again". */
    notice?: 'sent_again'
    error?: PageError
  }
  delete: { email: string }
  /** Asks the user to set up a required second factor. */
  enrol: Record<string, never>
  /** Posts `token` to /invite. */
  invite: { email: string; token: string }
  /** Posts `token` to /recover. */
  recover: { emailMasked: string; removes: string[]; token: string }
  /** Asks whether a sign-in was the user's. Posts `token` and `answer` to /not-you. */
  'not-you': { emailMasked: string; begunAt: number; browser?: string; ip?: string; token: string }
  /** Undoes a change of address. Posts `token` to /restore-email. */
  restore: { newMasked: string; old: string; token: string }
  /** A link of another kind than the sign-in link that no longer works: why, and who can send another. */
  ended: {
    kind: 'invitation' | 'recovery' | 'restore' | 'not_you'
    /** When a genuine link ended, in epoch milliseconds. */
    endedAt?: number
  }
  /** Asks before signing out. Posts to /signout. */
  signout: {
    email: string
    redirectTo?: string
  }
  /** Shows an error and what to do next, by its code. */
  error: PageError & {
    status: number
    requestId: string
    /** Where a sign-in begins: below public_url, also if the request names another host. */
    start: string
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
  | 'codes_saved'
  | 'name_saved'
  | 'email_changed'
  | 'session_ended'
  | 'others_ended'
  | 'confirmed'
  | 'other_account'
  | 'recovery_code_used'
  | 'was_me'

export type PageName = keyof PageValues

/** An error on a page. templates/locales has sentences for its code; otherwise `message` is shown. */
export interface PageError {
  code: string
  /** The error's public text. */
  message: string
  /** Seconds until a limit ends. */
  retryAfter?: number
}

/** The values that all pages share. */
export interface PageContext {
  /** A language tag or an `Accept-Language` header. */
  lang: string
  appName: string
  /** Sentences with the operator's overrides. Defaults to the built-in ones. */
  locales?: Record<string, Sentences>
  /** The path of public_url without a trailing slash: `` or `/auth`. Forms, links and assets start with it. */
  basePath: string
  /** The start page of the product. */
  appUrl?: string
  supportUrl?: string
  /** The operator's notice, shown on every page. */
  siteNotice?: string
  /** The paths of the operator's design. */
  accent?: string
  logo?: string
  logoDark?: string
  theme?: string
  /**
   * The parameters of the page's address, which a change of language keeps. Without them, no change is offered: a page
   * that answers a form cannot be shown again.
   */
  query?: Record<string, string>
  /** Epoch milliseconds. */
  now: number
  /** The one-time id of the page's forms, by which a form that is posted twice is recognized. */
  once: string
}
