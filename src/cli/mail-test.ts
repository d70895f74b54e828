import type { Deps } from '../deps.ts'
import { MINUTE } from '../platform/clock.ts'
import { sampleValues, senderRecords, walkMail } from '../startup/mailer.ts'

export interface MailTest {
  accepted: boolean
  message_id: string | null
  server: string
  tls: { protocol: string; days_left: number } | null
  /** What the mail server said to the mail, or null. */
  response: string | null
  steps: { step: string; is_ok: boolean; answer: string }[]
  alignment: { check: string; status: 'ok' | 'warn' | 'unknown'; answer: string; publish?: string }[]
  transcript: string[]
  exit_code: number
}

export interface MailTestInput {
  to: string
  lang: string
  template: string
}

/** Carries a mail to the mail server step by step. The exit code says which step failed. */
export async function testMail(deps: Deps, { to, lang, template }: MailTestInput): Promise<MailTest> {
  const config = deps.config.current()
  const messageId = deps.random.id('msg')
  const walk = await walkMail(config, { to, lang, template, messageId, now: deps.clock.now() })
  if (!walk) return await showMail(deps, { to, lang, template, messageId })
  const { steps, tls, isPermanent, transcript } = walk
  const last = steps.at(-1)
  const accepted = last?.step === 'accepted' && last.isOk
  return {
    accepted,
    message_id: accepted ? messageId : null,
    server: `${config.smtp.host}:${config.smtp.port}`,
    tls: tls && { protocol: tls.protocol, days_left: tls.daysLeft },
    response: last?.step === 'accepted' ? last.answer : null,
    steps: steps.map(({ step, isOk, answer }) => ({ step, is_ok: isOk, answer })),
    alignment: accepted ? await senderRecords(config) : [],
    transcript,
    exit_code: accepted ? 0 : exitCodeOf(last?.step, isPermanent),
  }
}

/** Development, where nobody has a mail server. */
async function showMail(deps: Deps, input: MailTestInput & { messageId: string }): Promise<MailTest> {
  const { template, values } = sampleValues(input.template)
  const response = await deps.mailer.send({ ...input, template, values }, AbortSignal.timeout(MINUTE))
  return {
    accepted: true,
    message_id: input.messageId,
    server: 'none',
    tls: null,
    response,
    steps: [{ step: 'accepted', is_ok: true, answer: response }],
    alignment: [],
    transcript: [],
    exit_code: 0,
  }
}

function exitCodeOf(step: string | undefined, isPermanent: boolean): number {
  if (step === 'accepted') return isPermanent ? 1 : 75
  return step === 'auth' ? 77 : 69
}
