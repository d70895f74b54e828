import type { Deps } from '../deps.ts'
import { MailError } from '../platform/mail-error.ts'
import { probeMail } from '../wire-mail.ts'

export interface MailTest {
  accepted: boolean
  message_id: string | null
  steps: { step: string; is_ok: boolean; answer: string }[]
  exit_code: number
}

/** Walks to the mail server step by step, then sends a mail; the exit code says where it ended (CLI.md A4). */
export async function testMail(deps: Deps, { to, lang }: { to: string; lang: string }): Promise<MailTest> {
  const steps = (await probeMail(deps.config.current())).map(({ step, isOk, answer }) => ({
    step,
    is_ok: isOk,
    answer,
  }))
  const failed = steps.find(({ is_ok }) => !is_ok)
  if (failed) return { accepted: false, message_id: null, steps, exit_code: failed.step === 'auth' ? 77 : 69 }
  const messageId = deps.random.id('msg')
  try {
    const answer = await deps.mailer.send({ messageId, to, template: 'test', lang, values: {} })
    return {
      accepted: true,
      message_id: messageId,
      steps: [...steps, { step: 'accepted', is_ok: true, answer }],
      exit_code: 0,
    }
  } catch (error) {
    if (!(error instanceof MailError)) throw error
    const step = { step: 'accepted', is_ok: false, answer: error.message }
    return { accepted: false, message_id: null, steps: [...steps, step], exit_code: error.isPermanent ? 1 : 75 }
  }
}
