import type { Sql } from '../../src/store/db.ts'
import type { Authd } from './harness.ts'
import type { Browser, Reply } from './http-client.ts'

/** What a request can make, spend or send. `last_seen_at` and the kept answers themselves are left out. */
const WATCHED: Record<string, string> = {
  audit_logs: 'id, event_type',
  devices: '*',
  email_changes: '*',
  failed_attempts: '*',
  invitations: '*',
  outbox: 'id, kind',
  passkey_challenges: '*',
  passkeys: '*',
  recovery_codes: '*',
  recovery_links: '*',
  sessions: 'id, secret_digest, refresh_salt, generation, aal, revoked_at',
  signin_attempts: '*',
  totp_secrets: '*',
  users: 'id, email, name',
}

type Traces = Record<string, unknown[]>

export async function tracesIn(authd: Authd): Promise<Traces> {
  return await authd.deps.db.read(async (sql: Sql) => {
    const found: Traces = {}
    for (const [table, columns] of Object.entries(WATCHED)) {
      found[table] = await sql.all(`SELECT ${columns} FROM ${table} ORDER BY 1, 2`)
    }
    return found
  })
}

/** How many rows of each table, and which events, were added. */
export function addedBetween(before: Traces, after: Traces) {
  const events = (traces: Traces) => (traces['audit_logs'] as { event_type: string }[]).map((row) => row.event_type)
  const left = [...events(before)]
  const added = events(after).filter((type) => !(left.includes(type) && left.splice(left.indexOf(type), 1)))
  const rows = Object.keys(WATCHED).map((table) => [table, (after[table]?.length ?? 0) - (before[table]?.length ?? 0)])
  return { events: added.sort(), rows: Object.fromEntries(rows) }
}

/** Another browser with the same cookies: what comes back to one, the other never sees. */
export function copyOf(authd: Authd, { cookies }: Browser): Browser {
  const copy = authd.browser()
  for (const [name, value] of cookies) copy.cookies.set(name, value)
  return copy
}

/** Of an answer, what is the same each time that it is given. */
export function shownBy({ status, headers, body }: Reply) {
  const text = typeof body === 'string' ? body.replaceAll(/name="once" value="[^"]*"/g, '') : body
  return { status, location: headers.get('Location'), body: text }
}

/** Where a person stands after a press: signed in to which session, if to any. */
export async function standingOf(browser: Browser): Promise<unknown> {
  const { status, body } = await browser.get('/v1/session')
  return { status, session: body.session?.id }
}

/** The fields of the form of a page that posts to this path, with what the person fills in. */
export function fillForm(html: string, path: string, typed: Record<string, string> = {}): Record<string, string> {
  const forms = [...html.matchAll(/<form method="post" action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g)]
  const hidden = forms
    .filter(([, action]) => action === path)
    .map(([, , inner = '']) =>
      Object.fromEntries(
        [...inner.matchAll(/<input type="hidden" name="([^"]*)"(?: value="([^"]*)")?>/g)].map((found) => [
          found[1] ?? '',
          (found[2] ?? '').replaceAll('&#x3D;', '=').replaceAll('&amp;', '&'),
        ]),
      ),
    )
  const fits = hidden.find((fields) =>
    Object.entries(typed).every(([name, value]) => !fields[name] || fields[name] === value),
  )
  if (!fits) throw new Error(`no form for ${path} in ${html}`)
  return { ...fits, ...typed }
}
