import { APP_SECTIONS } from './app-keys.ts'
import { FACTOR_SECTIONS } from './factor-keys.ts'
import { MAIL_SECTIONS } from './mail-keys.ts'
import { OPERATION_SECTIONS } from './operation-keys.ts'
import { PROTECTION_SECTIONS } from './protection-keys.ts'
import { SERVER_SECTIONS } from './server-keys.ts'
import { SESSION_SECTIONS } from './session-keys.ts'
import { SIGNIN_SECTIONS } from './signin-keys.ts'
import { TOKEN_SECTIONS } from './token-keys.ts'
import { WEBHOOK_SECTIONS } from './webhook-keys.ts'

/** The sections whose features this version has, in the order of the documentation. */
export const SECTIONS = {
  ...APP_SECTIONS,
  ...SERVER_SECTIONS,
  ...MAIL_SECTIONS,
  ...SIGNIN_SECTIONS,
  ...SESSION_SECTIONS,
  ...FACTOR_SECTIONS,
  ...PROTECTION_SECTIONS,
  ...OPERATION_SECTIONS,
  ...WEBHOOK_SECTIONS,
  ...TOKEN_SECTIONS,
}
