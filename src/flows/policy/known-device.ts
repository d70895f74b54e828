import type { Deps } from '../../deps.ts'
import { DAY } from '../../platform/clock.ts'
import { digest, mintSecret, parseToken } from '../../platform/secret.ts'
import type { Sql, Trx } from '../../store/db.ts'
import { isKnownDevice, rememberDevice } from '../../store/devices.ts'
import type { SigninAttempt } from '../../store/signin-attempts.ts'
import { findUserByEmail, type User } from '../../store/users.ts'
import { notify } from '../outbox/notice.ts'
import { type Actor, recordEvent } from '../record-event.ts'

const DEVICE_TTL_MS = 365 * DAY
/** A program that signs in without keeping cookies is a new device each time. */
const DEVICES_MAX = 100

/**
 * The digest of a device's secret, if the user of this address has completed a sign-in there. For strangers and other
 * users, the device is not known. Known and unknown addresses cost the same statements, so the time reveals nothing.
 */
export async function knownDevice(
  sql: Sql,
  { email, device, now }: { email: string; device: string | undefined; now: number },
): Promise<string | undefined> {
  if (device === undefined) return undefined
  const deviceDigest = digest(device)
  const user = await findUserByEmail(sql, email)
  return (await isKnownDevice(sql, { userId: user?.id ?? '', deviceDigest, now })) ? deviceDigest : undefined
}

/**
 * Remembers the browser as the user's. The user is told about a new one, except at their first sign-in, with a link that
 * ends this sign-in.
 */
export async function knowDevice(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  {
    user,
    delivery,
    device,
    notYouLink,
  }: { user: User; delivery: SigninAttempt['deliver']; device: string | undefined; notYouLink: string },
): Promise<{ token: string | undefined; isNew: boolean }> {
  // Two browsers with one value that somebody made up would be one known device.
  const held = parseToken('dev', device) ? device : undefined
  const token = delivery === 'cookie' ? (held ?? `${deps.random.id('dev')}.${mintSecret(deps.random)}`) : held
  if (token === undefined) return { token, isNew: false }
  const now = deps.clock.now()
  const known = { userId: user.id, deviceDigest: digest(token), now, expiresAt: now + DEVICE_TTL_MS, most: DEVICES_MAX }
  const isNew = await rememberDevice(trx, known)
  if (isNew && user.lastSeenAt !== null) {
    await recordEvent(deps, trx, actor, { type: 'user.new_device', user })
    await notify(deps, trx, actor, { user, template: 'new_device', link: notYouLink })
  }
  return { token, isNew }
}
