/** code → HTTP status, CLI exit code, public text. The only place with status numbers and sentences for strangers. */
export const ERRORS = {
  BAD_REQUEST: { status: 400, exit: 65, message: 'The request could not be understood.' },
  VALIDATION_ERROR: { status: 400, exit: 65, message: 'Some fields are missing or not valid.' },
  USAGE: { status: 400, exit: 64, message: 'The command was not understood.' },
  PASSKEY_NOT_ACCEPTED: { status: 400, exit: 65, message: 'That passkey could not be added. Try again.' },
  UNAUTHORIZED: {
    status: 401,
    exit: 77,
    message: 'Sign in first: no valid session, token or key came with the request.',
  },
  INVALID_CREDENTIALS: { status: 401, exit: 77, message: 'That code did not work. Check it, or ask for a new mail.' },
  INVALID_TOKEN: { status: 401, exit: 77, message: 'This token is not valid.' },
  EXPIRED_TOKEN: { status: 401, exit: 77, message: 'This token has expired.' },
  STEP_UP_REQUIRED: {
    status: 403,
    exit: 77,
    message: 'This needs a fresh proof that it is you: confirm it, then try again.',
  },
  ENROLMENT_REQUIRED: {
    status: 403,
    exit: 77,
    message: 'A second factor is required here: set up a passkey or an authenticator app first.',
  },
  FACTOR_DISABLED: {
    status: 403,
    exit: 77,
    message: 'This was switched off after too many wrong codes. Use another way, or ask for help.',
  },
  FORBIDDEN: { status: 403, exit: 77, message: 'You are not allowed to do that.' },
  ADDRESS_BLOCKED: { status: 403, exit: 77, message: 'Requests from this address are not accepted.' },
  CROSS_SITE_REQUEST: { status: 403, exit: 77, message: 'This request came from another site and was refused.' },
  NOT_FOUND: { status: 404, exit: 67, message: 'There is nothing at this address.' },
  USER_NOT_FOUND: { status: 404, exit: 67, message: 'There is no such user.' },
  SESSION_NOT_FOUND: { status: 404, exit: 67, message: 'There is no such session.' },
  PASSKEY_NOT_FOUND: { status: 404, exit: 67, message: 'There is no such passkey.' },
  API_KEY_NOT_FOUND: { status: 404, exit: 67, message: 'There is no such API key.' },
  EVENT_NOT_FOUND: { status: 404, exit: 67, message: 'There is no such event.' },
  IP_FILTER_NOT_FOUND: { status: 404, exit: 67, message: 'There is no such rule.' },
  MAIL_NOT_FOUND: { status: 404, exit: 67, message: 'There is no such mail.' },
  DELIVERY_NOT_FOUND: { status: 404, exit: 67, message: 'There is no such delivery.' },
  WEBHOOK_NOT_FOUND: { status: 404, exit: 67, message: 'There is no such webhook endpoint.' },
  METHOD_NOT_ALLOWED: { status: 405, exit: 64, message: 'This address does not take that method.' },
  CONFLICT: { status: 409, exit: 65, message: 'That exists already.' },
  LOCKOUT_RISK: {
    status: 409,
    exit: 64,
    message: 'This would most likely lock you out. Say that you accept it, or change it.',
  },
  OUTBOX_OVER: { status: 409, exit: 65, message: 'This can be sent no more.' },
  LAST_FACTOR: {
    status: 409,
    exit: 65,
    message: 'This is your last second factor, and one is required here. Add another first.',
  },
  MAGIC_LINK_USED: { status: 410, exit: 1, message: 'This link has been used. Ask for a new one.' },
  MAGIC_LINK_EXPIRED: { status: 410, exit: 1, message: 'This link no longer works. Ask for a new one.' },
  ATTEMPT_EXPIRED: { status: 410, exit: 1, message: 'This sign-in has ended. Start again.' },
  PAYLOAD_TOO_LARGE: { status: 413, exit: 65, message: 'The request body is too large: 64 KiB at most.' },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    exit: 65,
    message: 'Send the body as the documented content type, not compressed.',
  },
  MISDIRECTED_REQUEST: { status: 421, exit: 65, message: 'This host name is not served here.' },
  RATE_LIMITED: { status: 429, exit: 75, message: 'Too many requests. Try again later.' },
  INTERNAL_ERROR: { status: 500, exit: 70, message: 'Something went wrong on our side.' },
  UNAVAILABLE: { status: 503, exit: 69, message: 'The service is not available right now. Try again in a moment.' },
  DATABASE_BUSY: { status: 503, exit: 75, message: 'The database is busy. Try again in a moment.' },
  CONFIG_INVALID: { status: 500, exit: 78, message: 'The configuration is not valid.' },
  CONFIG_UNREADABLE: { status: 500, exit: 77, message: 'The configuration cannot be read.' },
  SCHEMA_OUTDATED: { status: 500, exit: 78, message: 'The database needs a migration.' },
  SCHEMA_NEWER: { status: 500, exit: 78, message: 'The database was written by a newer authd.' },
  SECRET_MISMATCH: { status: 500, exit: 78, message: 'The database belongs to another server secret.' },
  MIGRATION_LOCKED: { status: 500, exit: 75, message: 'Another process is migrating this database.' },
  FILE_EXISTS: { status: 500, exit: 73, message: 'The file exists already.' },
  NO_INPUT: { status: 500, exit: 66, message: 'The file named does not exist.' },
  NO_PERMISSION: { status: 500, exit: 77, message: 'This user may not do that.' },
  FAILED: { status: 500, exit: 1, message: 'The operation failed.' },
} as const satisfies Record<string, { status: number; exit: number; message: string }>

export type ErrorCode = keyof typeof ERRORS

export interface AuthdErrorOptions {
  /** The sentence for this caller, where it says more than the table's. Never holds a secret. */
  message?: string
  /** Shown to the caller. */
  details?: Record<string, unknown>
  /** Commands that would help, for the CLI. */
  suggestions?: string[]
  /** Seconds, for `Retry-After`. */
  retryAfter?: number
  /** Logged, never shown. */
  cause?: unknown
}

/** The one error that callers see. Its code fixes HTTP status, exit code and public text. */
export class AuthdError extends Error {
  readonly code: ErrorCode
  readonly details: Record<string, unknown> | undefined
  readonly suggestions: string[]
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, options: AuthdErrorOptions = {}) {
    super(options.message ?? ERRORS[code].message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AuthdError'
    this.code = code
    this.details = options.details
    this.suggestions = options.suggestions ?? []
    this.retryAfter = options.retryAfter
  }

  get status(): number {
    return ERRORS[this.code].status
  }

  get exit(): number {
    return ERRORS[this.code].exit
  }
}
