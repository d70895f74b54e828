import { expect, test } from 'vitest'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { inviteUsers } from '../../src/flows/users/invitation.ts'
import { makeRecoveryLink } from '../../src/flows/users/recovery-link.ts'
import { DAY, MINUTE } from '../../src/platform/clock.ts'
import { parseEmailAddress } from '../../src/platform/email-address.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { ADA, askOnPage, signInOnPage } from '../support/people.ts'

/** Every page that a link leads to, with a browser in which its link works. */
const LINKS: Record<string, (authd: Authd, browser: Browser) => Promise<string | undefined>> = {
  async '/signin/link'(authd, browser) {
    return (await askOnPage(authd, browser)).link
  },
  async '/not-you'(authd, browser) {
    await signInOnPage(authd, authd.browser())
    await signInOnPage(authd, browser)
    return (await authd.takeMail()).find(({ template }) => template === 'new_device')?.values['link']
  },
  async '/recover'(authd) {
    await signInOnPage(authd, authd.browser())
    const asked = { name: ADA, removes: [], ttlMs: 15 * MINUTE, mustEndSessions: false }
    return (await makeRecoveryLink(authd.deps, SYSTEM, asked)).url
  },
  async '/invite'(authd) {
    const emails = [parseEmailAddress('new@example.com')].filter((email) => email !== undefined)
    const [made] = await inviteUsers(authd.deps, SYSTEM, { emails, ttlMs: DAY, lang: 'en', mustSend: true, name: null })
    return made?.url
  },
}

/** What reaches the address bar after mail programs and people have handled a link. */
const MANGLED: Record<string, (link: string) => string> = {
  'wrapped with a line end': (link) => `${link.slice(0, -20)}%0A${link.slice(-20)}`,
  'wrapped and quoted': (link) => `${link.slice(0, -20)}%0D%0A%3E%20${link.slice(-20)}`,
  'cut by a soft line break': (link) => `${link.slice(0, -20)}=%0D%0A${link.slice(-20)}`,
  'copied with a space': (link) => `${link}%20`,
  'copied with an invisible character': (link) => `${link}%E2%80%8B`,
  'copied with a full stop': (link) => `${link}.`,
  'copied with a bracket': (link) => `${link}%3E`,
  'copied with quotes': (link) => `${link}%22,`,
  'given parameters by a mail service': (link) => `${link}&utm_source=mail&fbclid=1`,
}

const headingOf = (html: string) => html.match(/<h1>(.*?)<\/h1>/)?.[1]

test.for(Object.keys(LINKS))('a link to %s works however a mail program has mangled it', async (path) => {
  const authd = await startAuthd()
  const browser = authd.browser()
  const { pathname, search } = new URL((await LINKS[path]?.(authd, browser)) ?? '')
  const whole = await browser.get(pathname + search)

  const shown = []
  for (const [how, mangle] of Object.entries(MANGLED)) {
    const { status, body } = await browser.get(pathname + mangle(search))
    shown.push([how, status, headingOf(body)])
  }

  expect([pathname, whole.status]).toEqual([path, 200])
  expect(shown).toEqual(Object.keys(MANGLED).map((how) => [how, 200, headingOf(whole.body)]))
})

test.for([...Object.keys(LINKS), '/restore-email'])(
  'a link to %s that lost a part says so, and never that it is over',
  async (path) => {
    const authd = await startAuthd()
    const prefix = { '/signin/link': 'att', '/not-you': 'end', '/recover': 'rec', '/invite': 'inv' }[path] ?? 'emc'
    const token = `${prefix}_${'0'.repeat(26)}.${'A'.repeat(43)}`
    const cut = [token.slice(0, -1), token.slice(0, 31), token.slice(0, 3), token.slice(5), '']

    const answers = []
    for (const part of cut) answers.push(await authd.browser().get(`${path}?token=${part}`))
    answers.push(await authd.browser().get(path))
    const german = await authd.browser().get(`${path}?ui_locales=de`)

    expect(answers.map(({ status, body }) => [status, headingOf(body)])).toEqual(
      answers.map(() => [400, 'This link is not complete']),
    )
    expect(headingOf(german.body)).toBe('Dieser Link ist nicht vollständig')
  },
)
