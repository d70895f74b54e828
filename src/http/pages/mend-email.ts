import { AuthdError } from '../../errors.ts'
import { parseEmailAddress } from '../../platform/email-address.ts'
import { withoutUnseen } from '../../platform/plain-text.ts'
import { pageError } from './page.ts'
import type { PageError } from './page-values.ts'

/** What a form shows again for text that is not an address: what was probably meant, and the error. */
export function refusedEmail(typed: string): { email: string; error: PageError } {
  const email = mendEmail(typed)
  const error = pageError(new AuthdError('VALIDATION_ERROR'))
  return { email, error: parseEmailAddress(email) ? { ...error, code: 'EMAIL_MENDED' } : error }
}

/**
 * What was probably meant by an address that cannot be one: without characters that are not shown, in ASCII where it was
 * typed in full width, and without `mailto:` or the name in front of `<…>`. A person looks at it before it counts.
 */
function mendEmail(typed: string): string {
  const plain = withoutUnseen(typed).replace(/[\uff01-\uff5e]/g, (wide) => wide.normalize('NFKC'))
  return /<([^<>]*)>\s*$/.exec(plain)?.[1] ?? plain.replace(/^\s*mailto:/i, '')
}
