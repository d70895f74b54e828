import { SECOND, toRfc3339 } from '../../platform/clock.ts'
import type { SentenceValues, Translator } from '../../platform/texts/translate.ts'
import type { PageContext, PageError, PageName, PageValues } from './page-values.ts'
import { waysOf } from './ways.ts'

type Said = SentenceValues & { heading?: string; isErrorItself?: boolean; faultAt?: string; hasNoForm?: boolean }
type Sayings = { [Name in PageName]?: (values: PageValues[Name], context: PageContext, translate: Translator) => Said }

const NOT_OF_ADDRESS = new Set(['WRONG_PASSKEY', 'COOKIES_BLOCKED'])

/** Texts that a template cannot choose: headings that contain a name, sentences that depend on a kind. */
export const SAID: Sayings = {
  signin: ({ error }) => (NOT_OF_ADDRESS.has(error?.code ?? '') ? {} : { faultAt: 'email' }),
  email: () => ({ faultAt: 'email' }),
  'passkey-new': ({ isOffer }, _, { t }) => (isOffer ? {} : { heading: t('account.passkey_add') }),
  account: ({ codesLeft }, _, { t }) => ({ faultAt: 'name', left: t('account.codes_left', { count: codesLeft }) }),
  passkey: ({ name }, _, { apart }) => ({ heading: apart(name), faultAt: 'name' }),
  'totp-setup': () => ({ faultAt: 'code' }),
  code: ({ resendAfter, codeKind, ttlMs }, _, translate) => ({
    faultAt: 'code',
    lifetime: translate.minutes(ttlMs),
    wait: resendAfter > 0 ? translate.relative(resendAfter * SECOND) : undefined,
    when: translate.relative(resendAfter * SECOND),
    isLong: codeKind === 'long',
  }),
  factor: (values, _, translate) =>
    waysOf(
      values,
      {
        ...{ action: '/signin/factor', passkey: '/signin/passkey', options: '/v1/signin/passkey/options' },
        ...{ kept: { name: 'attempt', value: values.attempt }, submit: translate.t('factor.submit') },
      },
      translate,
    ),
  confirm: (values, _, translate) => ({
    lead: whatFor(values.next, translate),
    ...waysOf(
      values,
      {
        ...{ action: '/account/confirm', passkey: '/account/confirm/passkey', options: '/v1/stepup/passkey/options' },
        ...{ kept: { name: 'next', value: values.next }, submit: translate.t('confirm.submit') },
        mail: values.hasEmail ? { action: '/account/confirm/mail', isMailed: values.isMailed } : undefined,
      },
      translate,
    ),
  }),
  mailcode: ({ kind, error }, { appName }, { t }) => ({
    ...(error?.code !== 'MAIL_NOT_SENT' && { faultAt: 'code' }),
    heading: t(`mailcode.${kind}.heading`, { app: appName }),
    submit: t(`mailcode.${kind}.submit`),
  }),
  link: (values, { appName: app }, { t, relative }) => ({
    heading: t(`link.${values.kind}.heading`, { app }),
    isOwn: values.kind === 'own',
    ...(values.kind === 'elsewhere' && {
      // Also not for the language: it would hold the token of the address.
      hasNoForm: true,
      begun: relative(Math.min(-SECOND, values.begunAt - values.now)),
      begunExact: toRfc3339(values.begunAt),
    }),
  }),
  ended: ({ kind, endedAt }, { appName: app, now }, { t, relative }) => ({
    heading: t(`ended.${kind}.heading`),
    lead: t(`ended.${kind}.lead`),
    ended: endedAt === undefined ? undefined : t('ended.when', { when: relative(Math.min(-SECOND, endedAt - now)) }),
    next: t(`ended.${kind}.next`, { app }),
    isSession: kind === 'not_you',
  }),
  'not-you': ({ begunAt }, { appName: app, now }, { t, relative }) => ({
    lead: t('not-you.lead', { app }),
    begun: relative(Math.min(-SECOND, begunAt - now)),
    begunExact: toRfc3339(begunAt),
  }),
  recover: ({ removes }, { appName: app }, { t }) => ({
    heading: t('recover.heading', { app }),
    removed: removes.map((factor) => t(`recover.removes.${factor}`)),
  }),
  activity: ({ events }, _, { t, has }) => ({
    rows: events
      .filter(({ event_type }) => has(`event.${event_type}`))
      .map(({ event_type, outcome, by, ip, device, time }) => ({
        text: t(`event.${event_type}`),
        isFailure: outcome === 'failure',
        by: by === 'you' ? undefined : t(`activity.by.${by}`),
        ip,
        device,
        time,
        at: Date.parse(time),
      })),
  }),
  error: (error, _, translate) => explain(error, translate),
  problem: (error, _, translate) => explain(error, translate),
}

const NEXT: Record<string, string> = {
  '/account/delete': 'delete.heading',
  '/account/email': 'email.heading',
  '/account/passkeys': 'account.passkeys',
  '/account/passkeys/new': 'account.passkey_add',
  '/account/recovery-codes': 'recovery-codes.heading',
  '/account/totp': 'totp.heading',
}

/** Names the page that a fresh proof leads to. */
function whatFor(next: string, { t }: Translator): string {
  const key = NEXT[next] ?? NEXT[next.replace(/\/[^/]+$/, '')]
  return key === undefined ? t('confirm.lead') : t('confirm.before', { what: t(key) })
}

/** The page's own sentence for an error, or the general one. */
export function faultOf(page: PageName, error: PageError, translate: Translator): string {
  const own = `${page}.error.${error.code}`
  return translate.has(own) ? translate.t(own) : sentenceFor(error, translate)
}

function explain(error: PageError, translate: Translator): Said {
  const title = `error.${error.code}.title`
  const heading = translate.t(translate.has(title) ? title : 'error.title')
  return {
    isErrorItself: true,
    heading,
    text: withoutHeading(heading, sentenceFor(error, translate)),
    isLinkDead: error.code.startsWith('MAGIC_LINK_'),
  }
}

/** A text does not begin with what the heading says. */
function withoutHeading(heading: string, text: string): string {
  const rest = text.slice(heading.length)
  return text.startsWith(heading) && /^[.。!]/.test(rest) ? rest.slice(1).trim() : text
}

function sentenceFor({ code, message, retryAfter }: PageError, { t, has, relative }: Translator): string {
  if (retryAfter && has(`error.${code}.when`)) return t(`error.${code}.when`, { when: relative(retryAfter * SECOND) })
  return has(`error.${code}.text`) ? t(`error.${code}.text`) : message
}
