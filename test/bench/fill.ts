import { generateSync, ScureBase32Plugin } from 'otplib'
import { checkRegistration } from '../../src/flows/factors/webauthn.ts'
import { MINUTE, systemClock, toSeconds } from '../../src/platform/clock.ts'
import { keysFrom, type SealContext } from '../../src/platform/derived-keys.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { digest, mintSecret } from '../../src/platform/secret.ts'
import { readSecretFile } from '../../src/platform/secret-file.ts'
import type { Db, Trx } from '../../src/store/db.ts'
import { insertPasskeyChallenge } from '../../src/store/passkey-challenges.ts'
import { insertPasskey } from '../../src/store/passkeys.ts'
import { addProof, insertSigninAttempt } from '../../src/store/signin-attempts.ts'
import { confirmTotp, putPendingTotp } from '../../src/store/totp-secrets.ts'
import { insertUser } from '../../src/store/users.ts'
import { PasskeyDevice } from '../support/passkey-device.ts'
import type { Server } from './measure.ts'
import type { Load } from './units.ts'

/** A server whose tables are filled directly, because enrolling over HTTP costs ten scrypt hashes per user. */
export interface Filled extends Server {
  /** A connection of its own. The caller closes it. */
  openDatabase(): Promise<Db>
  origin: string
  seal(context: SealContext, plain: string): string
}

const random = systemRandom(systemClock)
const BATCH = 200
const HOUR = 3_600_000

export function sealWith(secretFile: string): Filled['seal'] {
  return (context, plain) => keysFrom(Buffer.from(readSecretFile(secretFile) ?? ''), random).seal(context, plain)
}

/** One user with one passkey and many prepared responses, each for the challenge of its own attempt. */
export async function fillPasskeys({ openDatabase, origin }: Filled, { milliseconds }: Load): Promise<object[]> {
  const device = new PasskeyDevice({ rpId: 'localhost', origin, counter: 0 })
  const challenge = random.bytes(32).toString('base64url')
  const handle = random.bytes(32).toString('base64url')
  const registered = device.register({ challenge, user: { id: handle }, rp: { id: 'localhost' } })
  const made = await checkRegistration({ rpId: 'localhost', origins: [origin] }, { response: registered, challenge })
  if (!made) throw new Error('the passkey was not accepted')
  const userId = random.id('usr')
  return await fill(openDatabase, milliseconds, async (trx, index) => {
    const now = systemClock.now()
    if (index === 0) {
      await fillUser(trx, userId)
      await trx.run('UPDATE users SET webauthn_user_id = ? WHERE id = ?', [handle, userId])
      await insertPasskey(trx, { id: random.id('pk'), userId, ...made, name: 'bench', createdAt: now })
    }
    const { id: attemptId, token: attempt_token } = await addAttempt(trx)
    const asked = { id: random.id('pkc'), text: random.bytes(32).toString('base64url') }
    const row = {
      id: asked.id,
      kind: 'signin',
      boundTo: attemptId,
      challenge: asked.text,
      // The longest life of a challenge.
      expiresAt: now + 5 * MINUTE,
    } as const
    await insertPasskeyChallenge(trx, row)
    const credential = device.sign({ challenge: asked.text, rpId: 'localhost' })
    return { challenge_id: asked.id, credential, attempt_token }
  })
}

/** Users with an authenticator app, each with an attempt that needs only the second proof. */
export async function fillTotp({ openDatabase, seal }: Filled, { milliseconds }: Load): Promise<object[]> {
  return await fill(openDatabase, milliseconds, async (trx) => {
    const userId = random.id('usr')
    const now = systemClock.now()
    await fillUser(trx, userId)
    const secret = new ScureBase32Plugin().encode(random.bytes(20))
    const pendingSealed = seal({ table: 'totp_secrets', column: 'secret_sealed', rowId: userId }, secret)
    await putPendingTotp(trx, { userId, sessionId: 'ses_1', pendingSealed, expiresAt: now + HOUR })
    await confirmTotp(trx, { userId, sessionId: 'ses_1', pendingSealed, step: 0, now })
    const { id, token: attempt_token } = await addAttempt(trx)
    await addProof(trx, { id, userId, proofs: ['email'], before: [], now, until: now + HOUR })
    return { code: generateSync({ secret, epoch: toSeconds(now) }), attempt_token }
  })
}

async function fill(
  openDatabase: Filled['openDatabase'],
  count: number,
  make: (trx: Trx, index: number) => Promise<object>,
): Promise<object[]> {
  const db = await openDatabase()
  const bodies: object[] = []
  while (bodies.length < count) {
    await db.write(async (trx) => {
      const end = Math.min(count, bodies.length + BATCH)
      while (bodies.length < end) bodies.push(await make(trx, bodies.length))
    })
  }
  await db.close()
  return bodies
}

async function fillUser(trx: Trx, id: string): Promise<void> {
  const email = `${id}@example.com`
  const now = systemClock.now()
  await insertUser(trx, { id, email, emailTyped: email, name: null, emailVerifiedAt: now, createdAt: now })
}

async function addAttempt(trx: Trx): Promise<{ id: string; token: string }> {
  const id = random.id('att')
  const secret = mintSecret(random)
  const now = systemClock.now()
  const whence = { email: null, emailTyped: null, redirectTo: null, linkTo: null, ip: null, userAgent: null }
  const times = { createdAt: now, expiresAt: now + HOUR }
  const what = { purpose: 'signin', boundTo: null, userId: null, deliver: 'tokens', lang: 'en' } as const
  await insertSigninAttempt(trx, { id, secretDigest: digest(secret), ...what, ...whence, ...times })
  return { id, token: `${id}.${secret}` }
}
