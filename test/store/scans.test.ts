import { expect, test } from 'vitest'
import { sealAudit } from '../../src/flows/audit/numbering.ts'
import { readMailsByState } from '../../src/flows/operator/status-counts.ts'
import { addWebhook, removeWebhook } from '../../src/flows/outbox/webhook-endpoint.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { checkReadiness } from '../../src/flows/upkeep/health.ts'
import { deleteOldRows } from '../../src/flows/upkeep/housekeeping.ts'
import { takeOver } from '../../src/flows/upkeep/node.ts'
import { MailError } from '../../src/platform/mail-error.ts'
import { startAuthd } from '../support/harness.ts'
import { askForCode, signInForTokens, signInOnPage } from '../support/people.ts'
import { watchScans } from '../support/scans.ts'
import { webhookReceiver } from '../support/webhook-receiver.ts'

test.each(['sqlite', 'postgres'] as const)(
  'sign-ins, sessions, mail, webhooks, probes and housekeeping read no table that grows with the users (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    const { db, scans } = watchScans(authd.deps.db)
    authd.deps.db = db
    const { url } = await webhookReceiver()
    const input = { url, description: 'shop', events: ['*'], allowsPrivate: true }

    const { endpoint } = await addWebhook(authd.deps, SYSTEM, input)
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    await browser.get('/v1/session')
    const { refreshToken } = await signInForTokens(authd, 'bob@example.com')
    await authd.browser().post('/v1/token/refresh', { json: { refresh_token: refreshToken } })
    const { attemptToken } = await askForCode(authd)
    await authd.browser().post('/v1/signin/code', { json: { code: '000000', attempt_token: attemptToken } })
    authd.mailer.failure = new MailError('450 try later', { isPermanent: false })
    await authd.browser().post('/v1/signin', { json: { email: 'queued@example.com' } })
    await authd.takeMail()
    await authd.sendWebhooks()
    await sealAudit(authd.deps)
    await removeWebhook(authd.deps, SYSTEM, endpoint.id)
    await checkReadiness(authd.deps, new AbortController().signal)
    await readMailsByState(authd.deps)
    const about = {
      host: 'localhost',
      pid: 1,
      version: '0',
      address: authd.address,
      publicUrl: authd.url,
      startedAt: 0,
    }
    await takeOver(authd.deps, { id: authd.deps.nodeId, ...about })
    await deleteOldRows(authd.deps)
    await browser.post('/v1/logout')

    expect(await scans()).toEqual([])
  },
)
