/** The answer of a mail server that permanently refused a recipient. */
export interface RecipientRefusal {
  response: string
  /** `5.1.1` (RFC 3463), if the answer has one. */
  enhancedCode: string | undefined
}

/**
 * Why a mail was not accepted. `isPermanent`: the mail server answered 5xx, so a retry is useless. `isDown`: the server
 * could not be used at all, so other mails would fare the same.
 */
export class MailError extends Error {
  readonly isPermanent: boolean
  readonly isDown: boolean
  /** Set if the address itself was refused, not the mail or its sender. */
  readonly refusal: RecipientRefusal | undefined
  constructor(
    message: string,
    options: { isPermanent: boolean; isDown?: boolean; refusal?: RecipientRefusal | undefined; cause?: unknown },
  ) {
    super(message, { cause: options.cause })
    this.name = 'MailError'
    this.isPermanent = options.isPermanent
    this.isDown = options.isDown ?? false
    this.refusal = options.refusal
  }
}
