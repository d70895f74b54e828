import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { domainOf, parseMailbox } from './mailbox.ts'
import { connectionOptions, credentials, type SmtpSettings } from './smtp-options.ts'

export interface ProbeStep {
  step: 'connect' | 'tls' | 'auth'
  isOk: boolean
  /** What the server said, or what failed. */
  answer: string
}

/** Goes to the relay as a mail would, up to signing in, and tells each step; the first that fails is the last. */
export async function probeSmtp(smtp: SmtpSettings, from: string): Promise<ProbeStep[]> {
  const connection = new SMTPConnection(connectionOptions(smtp, domainOf(parseMailbox(from))))
  const steps: ProbeStep[] = []
  try {
    const failure = await outcome((done) => {
      connection.once('error', done)
      connection.connect(() => done())
    })
    const isTlsFault = failure !== undefined && 'code' in failure && failure.code === 'ETLS'
    const place = `${smtp.host}:${smtp.port}`
    if (failure && !isTlsFault) return [{ step: 'connect', isOk: false, answer: failure.message }]
    steps.push({ step: 'connect', isOk: true, answer: place })
    if (failure) return [...steps, { step: 'tls', isOk: false, answer: failure.message }]
    if (smtp.tls !== 'none') steps.push({ step: 'tls', isOk: connection.secure, answer: smtp.tls })
    const auth = credentials(smtp)
    if (auth) {
      const refusal = await outcome((done) =>
        connection.login({ ...auth, credentials: auth }, (error) => done(error ?? undefined)),
      )
      steps.push({ step: 'auth', isOk: !refusal, answer: refusal?.message ?? `signed in as ${auth.user}` })
    }
    return steps
  } finally {
    connection.close()
  }
}

function outcome(run: (done: (error?: Error) => void) => void): Promise<Error | undefined> {
  return new Promise((resolve) => run(resolve))
}
