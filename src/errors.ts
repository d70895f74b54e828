/** code → HTTP status, CLI exit code, public text. The only place with status numbers and sentences for strangers. */
export const ERRORS = {
  BAD_REQUEST: { status: 400, exit: 65, message: 'The request could not be understood.' },
  VALIDATION_ERROR: { status: 400, exit: 65, message: 'Some fields are missing or invalid.' },
  USAGE: { status: 400, exit: 64, message: 'The command was not understood.' },
  LINK_INCOMPLETE: { status: 400, exit: 65, message: 'A part of this link is missing. Copy the whole link.' },
  PASSKEY_NOT_ACCEPTED: { status: 400, exit: 65, message: 'That passkey could not be added. Try again.' },
  UNAUTHORIZED: {
    status: 401,
    exit: 77,
    message: 'Sign in first. The request has no valid session, token or key.',
  },
  INVALID_CREDENTIALS: { status: 401, exit: 77, message: 'That code did not work. Check it, or request a new mail.' },
  INVALID_TOKEN: { status: 401, exit: 77, message: 'This token is not valid.' },
  EXPIRED_TOKEN: { status: 401, exit: 77, message: 'This token has expired.' },
  STEP_UP_REQUIRED: {
    status: 403,
    exit: 77,
    message: 'This needs a fresh proof that it is you. Confirm it, then try again.',
  },
  ENROLMENT_REQUIRED: {
    status: 403,
    exit: 77,
    message: 'A second factor is required. Set up a passkey or an authenticator app first.',
  },
  FACTOR_DISABLED: {
    status: 403,
    exit: 77,
    message: 'This was disabled after too many wrong codes. Use another way, or ask for help.',
  },
  FORBIDDEN: { status: 403, exit: 77, message: 'You are not allowed to do that.' },
  ADDRESS_BLOCKED: { status: 403, exit: 77, message: 'Requests from this address are not accepted.' },
  CROSS_SITE_REQUEST: { status: 403, exit: 77, message: 'This request came from another site and was rejected.' },
  NOT_FOUND: { status: 404, exit: 67, message: 'Nothing was found at this address.' },
  USER_NOT_FOUND: { status: 404, exit: 67, message: 'This user does not exist.' },
  SESSION_NOT_FOUND: { status: 404, exit: 67, message: 'This session does not exist.' },
  PASSKEY_NOT_FOUND: { status: 404, exit: 67, message: 'This passkey does not exist.' },
  API_KEY_NOT_FOUND: { status: 404, exit: 67, message: 'This API key does not exist.' },
  EVENT_NOT_FOUND: { status: 404, exit: 67, message: 'This event does not exist.' },
  IP_FILTER_NOT_FOUND: { status: 404, exit: 67, message: 'This rule does not exist.' },
  MAIL_NOT_FOUND: { status: 404, exit: 67, message: 'This mail does not exist.' },
  DELIVERY_NOT_FOUND: { status: 404, exit: 67, message: 'This delivery does not exist.' },
  WEBHOOK_NOT_FOUND: { status: 404, exit: 67, message: 'This webhook endpoint does not exist.' },
  METHOD_NOT_ALLOWED: { status: 405, exit: 64, message: 'This address does not support that method.' },
  REQUEST_IN_PROGRESS: {
    status: 409,
    exit: 75,
    message: 'The first request with this Idempotency-Key has not been answered yet. Try again in a moment.',
  },
  CONFLICT: { status: 409, exit: 65, message: 'That exists already.' },
  LOCKOUT_RISK: {
    status: 409,
    exit: 64,
    message: 'This would probably lock you out. Accept the risk explicitly, or change the request.',
  },
  OUTBOX_OVER: { status: 409, exit: 65, message: 'This mail or delivery can no longer be sent.' },
  LAST_FACTOR: {
    status: 409,
    exit: 65,
    message: 'This is your last second factor, and one is required. Add another first.',
  },
  MAGIC_LINK_USED: { status: 410, exit: 1, message: 'This link has been used. Request a new one.' },
  MAGIC_LINK_EXPIRED: { status: 410, exit: 1, message: 'This link no longer works. Request a new one.' },
  ATTEMPT_EXPIRED: { status: 410, exit: 1, message: 'This sign-in has ended. Start again.' },
  PAYLOAD_TOO_LARGE: { status: 413, exit: 65, message: 'The request body is too large. The limit is 64 KiB.' },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    exit: 65,
    message: 'Send the body with the documented content type, uncompressed.',
  },
  MISDIRECTED_REQUEST: { status: 421, exit: 65, message: 'This host name is not served by this server.' },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    exit: 65,
    message: 'This Idempotency-Key belongs to another request or caller. Use a new key for a new request.',
  },
  RATE_LIMITED: { status: 429, exit: 75, message: 'Too many requests. Try again later.' },
  INTERNAL_ERROR: { status: 500, exit: 70, message: 'Something went wrong on our side.' },
  UNAVAILABLE: { status: 503, exit: 69, message: 'The service is not available right now. Try again in a moment.' },
  DATABASE_BUSY: { status: 503, exit: 75, message: 'The database is busy. Try again in a moment.' },
  CONFIG_INVALID: { status: 500, exit: 78, message: 'The configuration is invalid.' },
  CONFIG_UNREADABLE: { status: 500, exit: 77, message: 'The configuration cannot be read.' },
  SCHEMA_OUTDATED: { status: 500, exit: 78, message: 'The database needs a migration.' },
  SCHEMA_NEWER: { status: 500, exit: 78, message: 'The database was written by a newer authd.' },
  SECRET_MISMATCH: { status: 500, exit: 78, message: 'The database belongs to another server secret.' },
  MIGRATION_LOCKED: { status: 500, exit: 75, message: 'Another process is migrating this database.' },
  OUTPUT_FAILED: { status: 500, exit: 74, message: 'The output could not be written.' },
  FILE_EXISTS: { status: 500, exit: 73, message: 'The file exists already.' },
  NO_INPUT: { status: 500, exit: 66, message: 'The named file does not exist.' },
  NO_PERMISSION: { status: 500, exit: 77, message: 'This operating system user may not do that.' },
  FAILED: { status: 500, exit: 1, message: 'The operation failed.' },
} as const satisfies Record<string, { status: number; exit: number; message: string }>

export type ErrorCode = keyof typeof ERRORS

export interface AuthdErrorOptions {
  /** The sentence for this caller, where it says more than the table's. Never holds a secret. */
  message?: string
  /** Instead of `message`: several lines of authd's own. Whatever a value contains, each stays one line. */
  lines?: string[]
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
  readonly lines: readonly string[] | undefined
  readonly suggestions: string[]
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, options: AuthdErrorOptions = {}) {
    const message = options.lines?.join('\n') ?? options.message ?? ERRORS[code].message
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AuthdError'
    this.code = code
    this.details = options.details
    this.lines = options.lines
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
