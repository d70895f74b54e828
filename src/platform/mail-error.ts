/** Why a mail was not accepted. `isPermanent`: the relay answered 5xx, so trying again will not help. */
export class MailError extends Error {
  readonly isPermanent: boolean
  constructor(message: string, options: { isPermanent: boolean; cause?: unknown }) {
    super(message, { cause: options.cause })
    this.name = 'MailError'
    this.isPermanent = options.isPermanent
  }
}
