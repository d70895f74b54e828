/** What each hosted page shows. A route fills one of these and calls renderPage; sentences are in templates/locales. */
export interface PageValues {
  /** Asks for the e-mail address. Posts `email`, and `redirect_to` if given, to /signin. */
  signin: {
    /** As typed before, to be corrected. */
    email?: string
    redirectTo?: string
    error?: PageError
    /** Said above the form: after signing out. */
    notice?: 'signed_out'
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
  /** Signed in, and nowhere else to go. Posts to /signout. */
  done: {
    email: string
  }
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
  /** The path of public_url without a slash at its end: `` or `/auth`. Forms, links and assets start with it. */
  basePath: string
  supportUrl?: string
}
