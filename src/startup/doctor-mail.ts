import type { Config } from '../config/schema.ts'
import type { Check } from '../flows/operator/doctor-database.ts'
import { SECOND } from '../platform/clock.ts'
import { shell } from '../platform/shell.ts'
import { senderRecords, walkToServer } from './mailer.ts'

/** The longest step of the conversation with the mail server. */
const STEP_MS = 8 * SECOND
/** Certificates of mail servers are renewed before this. */
const RENEWED_DAYS = 14

/** MX, SPF, DKIM and DMARC of the sender. Each lookup has a deadline. */
export async function checkSender(
  config: Config,
  options: { selector: string | undefined; servers: string[] | undefined },
): Promise<Check[]> {
  return (await senderRecords(config, options)).map(({ check, status, answer, publish }) => ({
    check,
    status: status === 'ok' ? 'ok' : 'warn',
    detail: publish === undefined ? answer : `${answer}. Publish: ${publish}`,
  }))
}

/** Connects to the mail server and signs in, but sends nothing. */
export async function checkMailServer(config: Config, now: number): Promise<Check[]> {
  const check = 'mail server'
  const walk = await walkToServer(config, { now, limitMs: STEP_MS })
  const server = `${config.smtp.host}:${config.smtp.port}`
  const failed = walk?.steps.find(({ isOk }) => !isOk)
  if (walk === undefined) return [{ check, status: 'ok', detail: 'none; mails are printed in development mode' }]
  if (failed !== undefined) {
    const fix = shell`authd email test you@example.com --transcript`
    return [{ check, status: 'wrong', detail: `${server}: ${failed.step} failed: ${failed.answer}`, fix }]
  }
  const isEnding = walk.tls !== null && walk.tls.daysLeft < RENEWED_DAYS
  const detail = walk.steps
    .filter(({ step }) => step !== 'dns')
    .map(({ answer }) => answer)
    .join('; ')
  return [{ check, status: isEnding ? 'warn' : 'ok', detail }]
}
