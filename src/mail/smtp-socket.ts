import { connect, type LookupFunction, type Socket } from 'node:net'
import { SECOND } from '../platform/clock.ts'
import type { SmtpSettings } from './smtp-options.ts'

/** The next address of a name is tried after this, with the rest of the time for the last. */
const ATTEMPT_MS = SECOND

/**
 * A connection to the mail server, for nodemailer, which would ask DNS alone for its address. Name and connection together
 * have `smtp.timeout`.
 */
export function connectToServer({ host, port, timeout }: SmtpSettings, lookup: LookupFunction): Promise<Socket> {
  const limit = AbortSignal.timeout(timeout)
  const socket = connect({ host, port, lookup, autoSelectFamilyAttemptTimeout: ATTEMPT_MS })
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      limit.removeEventListener('abort', late)
      socket.on('error', () => {})
      socket.destroy()
      reject(new Error(saidOf(error), { cause: error }))
    }
    const late = () => fail(new Error(`${host}:${port} did not answer within ${timeout} ms`))
    limit.addEventListener('abort', late)
    socket.once('error', fail)
    socket.once('connect', () => {
      limit.removeEventListener('abort', late)
      socket.off('error', fail)
      resolve(socket)
    })
  })
}

/** A name with several addresses fails with an error for each. */
function saidOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(({ message }: Error) => message).join(', ') : error.message
}
