import { digest } from '../../platform/secret.ts'
import type { Sql } from '../../store/db.ts'
import { isKnownDevice } from '../../store/devices.ts'
import { findUserByEmail } from '../../store/users.ts'

/**
 * The digest of a device's secret, if the user of this address has completed a sign-in there. Strangers and other users
 * do not know the device. It asks the same for known and unknown addresses.
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
