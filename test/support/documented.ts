import { addIpFilters } from '../../src/flows/limits/ip-filter-admin.ts'
import { enqueueMail } from '../../src/flows/outbox/mail-sending.ts'
import { listQueue } from '../../src/flows/outbox/queue-admin.ts'
import { addWebhook } from '../../src/flows/outbox/webhook-endpoint.ts'
import { recordEvent, SYSTEM } from '../../src/flows/record-event.ts'
import { allEndpoints } from '../../src/http/app.ts'
import { openApiDocument } from '../../src/http/openapi/document.ts'
import { MINUTE } from '../../src/platform/clock.ts'
import { setFailureCount } from '../../src/store/failed-attempts.ts'
import { countRefusal, suppressMail } from '../../src/store/mail-suppressions.ts'
import type { Authd } from './harness.ts'
import { exampleIn, type Operation, type Response } from './openapi.ts'
import { signInForTokens } from './people.ts'
import { answering, webhookReceiver } from './webhook-receiver.ts'

const LIFECYCLE = { version: '0', startedAt: 0, isStopping: () => false, isDevelopment: false }

/** All routes of the JSON API. */
export const ENDPOINTS = allEndpoints(LIFECYCLE).map((declared) => ({
  ...declared,
  route: `${declared.method} ${declared.path}`,
}))
const DOCUMENT = openApiDocument(ENDPOINTS, { publicUrl: 'https://auth.example.com', version: '0' })

/** The examples of a route: the request, and the answer on success. */
export function documented({ method, path }: { method: string; path: string }) {
  const operations = DOCUMENT.paths[path.replace(/:(\w+)/g, '{$1}')] as Record<string, Operation>
  const { requestBody, responses } = operations[method.toLowerCase()] ?? { responses: {} }
  const exampleOf = ({ content = {} }: Pick<Response, 'content'>) => {
    const [media] = Object.values(content)
    return media && exampleIn(DOCUMENT, media.schema)
  }
  const [status = '', answer = {}] = Object.entries(responses).find(([code]) => code < '300') ?? []
  return { request: requestBody && exampleOf(requestBody), status: Number(status), answer: exampleOf(answer) }
}

/** Makes one of each thing that a path can name. Returns how to name them in a path. */
export async function inhabit(authd: Authd, email = 'grace@example.com'): Promise<(path: string) => string> {
  const grace = await signInForTokens(authd, email)
  const lockout = { failures: 5, blockedUntil: authd.clock.now() + MINUTE }
  await authd.deps.db.write((trx) => setFailureCount(trx, { kind: 'totp', subject: grace.userId }, lockout))
  const { filters } = await addIpFilters(authd.deps, SYSTEM, {
    ...{ rules: [{ cidr: '198.51.100.0/24', reason: 'a test' }], action: 'block', scope: 'all', expiresAt: null },
    ...{ keepSessions: true, own: undefined, acceptsLockout: false },
  })
  const { endpoint, delivery, mail } = await queued(authd)
  const [event] = (await authd.auditLog()).filter(({ eventType }) => eventType === 'session.created')
  const id: Record<string, string | undefined> = {
    ...{ users: grace.userId, sessions: grace.sessionId, audit: event?.id, ipfilters: filters[0]?.id },
    ...{ settings: 'signup.policy', webhooks: endpoint, 'webhook-deliveries': delivery, mail },
  }
  return (path) => path.replace(/([\w-]+)\/:\w+/, (_, of) => `${of}/${id[of]}`)
}

/** An endpoint with a failed delivery, and a waiting mail. */
async function queued(authd: Authd): Promise<{ endpoint: string; delivery: string; mail: string }> {
  const receiver = await webhookReceiver()
  receiver.answer = answering(500)
  const input = { url: receiver.url, description: '', events: ['user.disabled'], allowsPrivate: true }
  const { endpoint } = await addWebhook(authd.deps, SYSTEM, input)
  await authd.deps.db.write((trx) => recordEvent(authd.deps, trx, SYSTEM, { type: 'user.disabled' }))
  await authd.sendWebhooks()
  const { rows } = await listQueue(authd.deps, { kind: 'webhook' }, { limit: 1, within: 1 })
  const mail = { to: 'ada@example.com', template: 'test', lang: 'en', values: {} } as const
  const expiresAt = authd.clock.now() + MINUTE
  const id = await authd.deps.db.write((trx) => enqueueMail(authd.deps, trx, { ...mail, expiresAt }))
  await authd.deps.db.write(async (trx) => {
    const now = authd.clock.now()
    const refused = { address: 'bob@example.com', response: '550 5.1.1 no such user' }
    await countRefusal(trx, { ...refused, now, apartMs: MINUTE, forgetMs: MINUTE })
    await suppressMail(trx, { address: refused.address, until: now + MINUTE })
  })
  return { endpoint: endpoint.id, delivery: rows[0]?.id ?? '', mail: id }
}
