/** What a relay answered to a recipient that it refused for good. */
export interface RecipientRefusal {
  response: string
  /** `5.1.1` (RFC 3463), where it gave one. */
  enhancedCode: string | undefined
}

/** Why a mail was not accepted. `isPermanent`: the relay answered 5xx, so trying again will not help. */
export class MailError extends Error {
  readonly isPermanent: boolean
  /** The address itself was refused, not the mail or us. */
  readonly refusal: RecipientRefusal | undefined
  constructor(
    message: string,
    options: { isPermanent: boolean; refusal?: RecipientRefusal | undefined; cause?: unknown },
  ) {
    super(message, { cause: options.cause })
    this.name = 'MailError'
    this.isPermanent = options.isPermanent
    this.refusal = options.refusal
  }
}
