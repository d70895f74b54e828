import { DAY } from '../../platform/clock.ts'
import type { Sql } from '../../store/db.ts'
import type { Budget } from '../../store/failed-attempts.ts'
import { knownDevice } from './known-device.ts'

/**
 * Wrong mail codes a day for one address from unknown devices, over all attempts. Each known device has the same number
 * for itself. Once they are used, signin-mail.ts sends long codes.
 */
export const WRONG_CODES_A_DAY = 20

/** The budget for wrong codes: a known device has its own, and all other devices share that of the address. */
export async function codeBudget(
  sql: Sql,
  { email, device, now }: { email: string; device: string | undefined; now: number },
): Promise<Budget> {
  const limits = { limit: WRONG_CODES_A_DAY, windowMs: DAY }
  const known = await knownDevice(sql, { email, device, now })
  if (known !== undefined) return { kind: 'mail_code_known_device', subject: `${email} ${known}`, ...limits }
  return { kind: 'mail_code', subject: email, ...limits }
}
