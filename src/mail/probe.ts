import { connect } from 'node:net'
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
  const unreachable = await reach(smtp)
  if (unreachable) return [{ step: 'connect', isOk: false, answer: unreachable.message }]
  const steps: ProbeStep[] = [{ step: 'connect', isOk: true, answer: `${smtp.host}:${smtp.port}` }]
  const connection = new SMTPConnection(connectionOptions(smtp, domainOf(parseMailbox(from))))
  try {
    const failure = await outcome((done) => {
      connection.on('error', done)
      connection.connect(done)
    })
    // Without TLS the only thing left that can fail is the greeting.
    if (smtp.tls === 'none' && failure) return [{ step: 'connect', isOk: false, answer: failure.message }]
    if (smtp.tls !== 'none') steps.push({ step: 'tls', isOk: !failure, answer: failure?.message ?? smtp.tls })
    const auth = credentials(smtp)
    if (failure || !auth) return steps
    const refusal = await outcome((done) => connection.login({ ...auth, credentials: auth }, done))
    return [...steps, { step: 'auth', isOk: !refusal, answer: refusal?.message ?? `signed in as ${auth.user}` }]
  } finally {
    connection.close()
  }
}

/** Tried apart, since nodemailer gives a refused connection and a refused certificate the same code. */
async function reach({ host, port, timeout }: SmtpSettings): Promise<Error | undefined> {
  const socket = connect({ host, port })
  const failure = await outcome((done) => {
    socket.setTimeout(timeout, () => done(new Error(`${host}:${port} did not answer within ${timeout} ms`)))
    socket.once('error', done)
    socket.once('connect', () => done())
  })
  socket.destroy()
  return failure
}

function outcome(run: (done: (error?: Error | null) => void) => void): Promise<Error | undefined> {
  return new Promise((resolve) => run((error) => resolve(error ?? undefined)))
}
