import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import { onTestFinished } from 'vitest'

/** A self-signed certificate for localhost with its key, for tests only. Trusted if it is the `caFile`. */
export const CERTIFICATE = fileURLToPath(new URL('./localhost.pem', import.meta.url))

/** The same for another host. */
export const CERTIFICATE_OF_ANOTHER = fileURLToPath(new URL('./elsewhere.pem', import.meta.url))

export interface ReceivedMail {
  from: string
  to: string[]
  raw: string
  parsed: ParsedMail
  isEncrypted: boolean
}

export interface SmtpOptions {
  /** Without it the server does not offer STARTTLS. */
  tls?: 'starttls' | 'implicit'
  certificate?: string
  auth?: { user: string; pass: string }
  /** The error for each recipient and each mail, if any. */
  refuseRecipient?: Refusal
  refuseMail?: Refusal
}

export interface Refusal {
  responseCode: number
  message: string
}

export interface TestSmtp {
  host: string
  port: number
  mails: ReceivedMail[]
}

/** A mail server on a free port, stopped after the test. */
export async function startSmtp({
  tls,
  certificate = CERTIFICATE,
  auth,
  refuseRecipient,
  refuseMail,
}: SmtpOptions = {}): Promise<TestSmtp> {
  const mails: ReceivedMail[] = []
  const pem = readFileSync(certificate, 'utf8')
  const server = new SMTPServer({
    secure: tls === 'implicit',
    key: pem,
    cert: pem,
    disabledCommands: [...(tls === 'starttls' ? [] : ['STARTTLS']), ...(auth ? [] : ['AUTH'])],
    allowInsecureAuth: tls === undefined,
    authOptional: auth === undefined,
    logger: false,
    onAuth({ username, password }, _, done) {
      const isRight = username === auth?.user && password === auth?.pass
      if (isRight) return done(null, { user: username })
      done(Object.assign(new Error('wrong user name or password'), { responseCode: 535 }))
    },
    onRcptTo(_, __, done) {
      done(refuseRecipient && Object.assign(new Error(refuseRecipient.message), refuseRecipient))
    },
    onData(stream, { envelope, secure }, done) {
      const receive = async () => {
        const raw = Buffer.concat(await stream.toArray()).toString('utf8')
        if (refuseMail) throw Object.assign(new Error(refuseMail.message), refuseMail)
        const from = envelope.mailFrom ? envelope.mailFrom.address : ''
        const to = envelope.rcptTo.map(({ address }) => address)
        mails.push({ from, to, raw, parsed: await simpleParser(raw), isEncrypted: secure })
      }
      receive().then(() => done(), done)
    },
  })
  server.on('error', () => undefined) // Some tests are about clients that disconnect.
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return { host: 'localhost', port: (server.server.address() as AddressInfo).port, mails }
}
