import { z } from 'zod'

/** A text with an example for the OpenAPI document. */
export function sample(example: string) {
  return z.string().meta({ examples: [example] })
}

/** An id that authd generates. */
export function idField(prefix: string) {
  return sample(`${prefix}_01m88jw08vedqtrgrr9eqkmg57`)
}

/** A code as a user types it: from a mail, an authenticator app or a list. */
export const typedCode = z
  .string()
  .min(1)
  .max(1000)
  .meta({ examples: ['123456'] })
  .describe('The code, as it was typed. Spaces, dashes and quotes are ignored, and the digits of any script count.')

export const attemptToken = z
  .string()
  .max(200)
  .meta({ examples: ['att_01m88jw08vedqtrgrr9eqkmg57.…'] })
  .describe('`att_…`, from POST /v1/signin. Defaults to the attempts in the cookie.')

/** RFC 3339 in UTC. */
export const timeField = z.iso.datetime()

/** The answer to a request for a mail. */
export const mailQueuedResource = z
  .strictObject({
    delivery: z.literal('queued').describe('The mail is queued. authd retries until its code expires.'),
    resend_after: timeField.describe('Before that time, another mail is not sent.'),
  })
  .meta({ id: 'MailQueued', description: 'A mail that authd sends now.' })
