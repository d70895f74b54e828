import { lookup } from 'node:dns/promises'
import { isIP, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { DAY } from '../platform/clock.ts'
import { sharedLookup } from '../platform/net/shared-lookup.ts'
import { hidePassword } from './quoted-password.ts'
import { domainOf, parseMailbox } from './sender.ts'
import { connectionOptions, credentials, type SmtpSettings } from './smtp-options.ts'
import { connectToServer } from './smtp-socket.ts'

export interface WalkStep {
  step: 'dns' | 'connect' | 'tls' | 'auth' | 'accepted'
  isOk: boolean
  /** The answer of the server, or the failure. */
  answer: string
}

export interface Walk {
  steps: WalkStep[]
  tls: { protocol: string; daysLeft: number } | null
  /** The mail was not accepted, and the server answered 5xx. */
  isPermanent: boolean
  /** The conversation, with `C:` or `S:` before each line. Passwords are removed. */
  transcript: string[]
}

export interface WalkInput {
  smtp: SmtpSettings
  from: string
  /** Epoch milliseconds. */
  now: number
  /** Without one, the walk ends before a mail. */
  mail?: { to: string; raw: string }
}

/** Sends one mail, or none, on a separate connection and reports each step. The first failure is the last step. */
export async function walkSmtp(input: WalkInput): Promise<Walk> {
  const hide = hidePassword(input.smtp)
  const walk = await walkOpenly(input)
  const steps = walk.steps.map((step) => ({ ...step, answer: hide(step.answer) }))
  return { ...walk, steps, transcript: walk.transcript.map(hide) }
}

async function walkOpenly(input: WalkInput): Promise<Walk> {
  const { smtp, from } = input
  const walk: Walk = { steps: [], tls: null, isPermanent: false, transcript: [] }
  if (!note(walk, 'dns', await resolved(smtp))) return walk
  const socket = await reach(smtp)
  if (!note(walk, 'connect', socket instanceof Error ? socket : `${smtp.host}:${smtp.port}`)) return walk
  const connection = new SMTPConnection({
    ...connectionOptions(smtp, domainOf(parseMailbox(from))),
    ...(!(socket instanceof Error) && { connection: socket }),
    transactionLog: true,
    logger: transcriber(walk.transcript),
  })
  try {
    await converse(connection, input, walk)
    return walk
  } finally {
    connection.close()
  }
}

/** The longest conversation, in milliseconds. The timeouts of the connection end silence, but not a server that drips. */
const LONGEST_MS = 60_000

async function converse(connection: SMTPConnection, { smtp, from, now, mail }: WalkInput, walk: Walk): Promise<void> {
  const late = AbortSignal.timeout(LONGEST_MS)
  /** A connection that breaks leaves the callback of its command uncalled. */
  const step = (run: (done: (error?: Error | null) => void) => void) =>
    outcome((done) => {
      connection.on('error', done)
      connection.once('end', () => done(new Error('the mail server closed the connection')))
      late.addEventListener('abort', () => done(new Error(`not done within ${LONGEST_MS} ms`)))
      run(done)
    })
  const failure = await step((done) => connection.connect(done))
  if (smtp.tls === 'none') {
    // Without TLS, only the greeting can fail here.
    if (failure) walk.steps = [{ step: 'connect', isOk: false, answer: plain(failure.message) }]
    if (failure) return
  } else {
    walk.tls = failure ? null : tlsOf(connection, now)
    const { protocol, daysLeft } = walk.tls ?? { protocol: '', daysLeft: 0 }
    if (!note(walk, 'tls', failure ?? `${protocol} by ${smtp.tls}, certificate valid for ${daysLeft} more days`)) return
  }
  const auth = credentials(smtp)
  if (auth) {
    const refusal = await step((done) => connection.login({ ...auth, credentials: auth }, done))
    if (!note(walk, 'auth', refusal ?? `signed in as ${auth.user}`)) return
  }
  if (!mail) return
  const sender = parseMailbox(from)
  let response = ''
  const refusal = await step((done) => {
    connection.send({ from: sender.address, to: [mail.to] }, mail.raw, (error, info) => {
      response = info?.response ?? ''
      done(error)
    })
  })
  walk.isPermanent = refusal !== undefined && 'responseCode' in refusal && Number(refusal.responseCode) >= 500
  note(walk, 'accepted', refusal ?? response)
}

/** Adds a step. Returns whether it succeeded. */
function note(walk: Walk, step: WalkStep['step'], result: Error | string): boolean {
  const isOk = typeof result === 'string'
  walk.steps.push({ step, isOk, answer: isOk ? result : plain(result.message) })
  return isOk
}

/**
 * Removes OpenSSL's source location: `…:error:0A000438:SSL routines:ssl3_read_bytes:tlsv1 alert internal
 * error:../deps/…`
 */
function plain(message: string): string {
  const [, said] = /:SSL routines:[^:]*:([^:]+):/.exec(message) ?? []
  if (said !== undefined) return `TLS failed: ${said}`
  // Node's own advice is for developers.
  return message.trim().replace(/; if the root CA .*$/s, ': set smtp.ca_file to its CA certificate')
}

async function resolved({ host, timeout }: SmtpSettings): Promise<Error | string> {
  if (isIP(host) !== 0) return `${host} is an IP address`
  try {
    const late = AbortSignal.timeout(timeout)
    const expired = new Promise<never>((_, reject) => {
      late.addEventListener('abort', () =>
        reject(new Error(`the DNS lookup of ${host} got no answer within ${timeout} ms`)),
      )
    })
    const found = await Promise.race([lookup(host, { all: true }), expired])
    return `${host} is ${found.map(({ address }) => address).join(', ')}`
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Connects first, because nodemailer has one code for a refused connection and a rejected certificate. */
async function reach(smtp: SmtpSettings): Promise<Error | Socket> {
  try {
    return await connectToServer(smtp, sharedLookup())
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function tlsOf({ _socket: socket }: SMTPConnection, now: number): Walk['tls'] {
  if (!(socket instanceof TLSSocket)) return null
  const daysLeft = Math.floor((Date.parse(socket.getPeerCertificate().valid_to) - now) / DAY)
  return { protocol: socket.getProtocol() ?? 'TLS', daysLeft }
}

/** Receives nodemailer's log of the conversation, in which passwords are masked already. */
function transcriber(lines: string[]) {
  const ignore = () => undefined
  const debug = ({ tnx }: { tnx?: string }, said: string) => {
    const who = { client: 'C: ', server: 'S: ' }[tnx ?? '']
    if (who) lines.push(...said.split('\n').map((line) => `${who}${line.replace(/^(AUTH \S+) .*/, '$1 …').trimEnd()}`))
  }
  return { trace: ignore, debug, info: ignore, warn: ignore, error: ignore, fatal: ignore }
}

function outcome(run: (done: (error?: Error | null) => void) => void): Promise<Error | undefined> {
  return new Promise((resolve) => run((error) => resolve(error ?? undefined)))
}
