import { z } from 'zod'
import type { AuthdError } from '../../errors.ts'
import type { Translator } from '../../platform/texts/translate.ts'
import { codeRefused, mailNotSent, pageError } from './page.ts'
import type { PageError, Way, WaysValues } from './page-values.ts'

interface Place {
  /** Where codes are posted to, passkeys, and where the options of a passkey come from. */
  action: string
  passkey: string
  options: string
  /** The field that each form keeps. */
  kept: { name: string; value: string }
  submit: string
  /** Set where a mail is a way. */
  mail?: { action: string; isMailed: boolean } | undefined
}

/**
 * The ways of a page, as its template wants them: the one that was tried, or else the first, is shown, and the others are
 * folded away. So there is one main button, and an error stands at the field that it is about. The form of a passkey is
 * hidden until templates/pages/assets/page.js has found that the browser can use passkeys.
 */
export function waysOf(values: WaysValues, place: Place, { t }: Translator) {
  const { tried, misses = 0 } = values
  const form = (way: Way, more: object) => ({
    ...{ way, action: place.action, kept: [place.kept, { name: 'method', value: way }] },
    ...{ isPasskey: false, isTotp: way === 'totp', isRecovery: way === 'recovery_code', options: '' },
    ...{ id: way, hintId: `${way}-hint`, label: '', hint: '', autocomplete: 'one-time-code', submit: place.submit },
    ...more,
  })
  const ways = [
    values.hasPasskey &&
      form('passkey', {
        ...{ isPasskey: true, action: place.passkey, options: place.options, kept: [place.kept] },
        submit: t('factor.passkey'),
      }),
    place.mail?.isMailed && form('email', { label: t('code.label'), hint: t('confirm.mailed') }),
    values.hasTotp &&
      form('totp', {
        ...{ label: t('factor.totp'), hint: t('factor.totp_hint') },
        kept: [place.kept, { name: 'method', value: 'totp' }, { name: 'misses', value: String(misses) }],
      }),
    values.hasRecovery &&
      form('recovery_code', {
        ...{ label: t('factor.recovery'), hint: t('factor.recovery_hint'), autocomplete: 'off' },
        submit: t('factor.recovery_submit'),
      }),
  ].filter((way) => way !== false && way !== undefined)
  const sending =
    place.mail &&
    form('email', {
      ...{ action: place.mail.action, kept: [place.kept] },
      submit: t(place.mail.isMailed ? 'code.again' : 'confirm.mail'),
    })
  const first = ways.find(({ way }) => way === tried) ?? ways[0] ?? sending
  const shown = [first, sending].filter((way) => way !== undefined)
  return {
    shown: [...new Set(shown)].map((way) => ({ ...way, isFirst: way === first })),
    folded: ways.filter((way) => way !== first).map((way) => ({ ...way, isFirst: false })),
    // A user who lost it cannot go on without help.
    isOnlyWay: ways.length === 1 && !place.mail,
    ...(first?.label && first.way === tried && { faultAt: tried }),
  }
}

/** Counts the wrong codes on a page, for the hint at the phone's clock. It limits nothing. */
export const misses = z.coerce.number().int().min(0).max(99).catch(0)

export interface FailedProof {
  error: AuthdError
  /** `mail`: another mail was asked for. */
  tried: Way | 'mail'
  misses?: number
}

/** The error with the sentence for this proof. After a second miss it hints at the phone's clock. */
export function proofError({ error, tried, misses: missed = 0 }: FailedProof): PageError {
  if (tried === 'mail') return mailNotSent(error)
  const shown = tried === 'passkey' ? pageError(error) : codeRefused(error)
  if (shown.code !== 'INVALID_CREDENTIALS') return shown
  const again = tried === 'totp' && missed > 1 ? '_AGAIN' : ''
  return { ...shown, code: `WRONG_${tried.toUpperCase()}${again}` }
}
