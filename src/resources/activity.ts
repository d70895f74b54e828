import type { DayActivity } from '../flows/operator/daily-counts.ts'
import { toRfc3339 } from '../platform/clock.ts'

/** The activity of one day in UTC. */
export interface DayResource {
  date: string
  sign_ins: number
  failures: number
  sign_ups: number
  sessions_created: number
  sessions_revoked: number
  lockouts: number
  mails_sent: number | null
  mails_failed: number | null
}

export function presentDay(day: DayActivity): DayResource {
  return {
    date: toRfc3339(day.startsAt).slice(0, 10),
    sign_ins: day.signIns,
    failures: day.failures,
    sign_ups: day.signUps,
    sessions_created: day.sessionsCreated,
    sessions_revoked: day.sessionsRevoked,
    lockouts: day.lockouts,
    mails_sent: day.mailsSent,
    mails_failed: day.mailsFailed,
  }
}

/** Sign-ins by the proof that completed them. */
export interface MethodResource {
  method: string
  sign_ins: number
  failures: number
  sign_ins_by_day: number[]
}

/** The most used method comes first. */
export function presentMethods(days: DayActivity[]): MethodResource[] {
  const names = [...new Set(days.flatMap(({ methods }) => Object.keys(methods)))]
  const methods = names.map((method) => {
    const counts = days.map(({ methods: ofDay }) => ofDay[method] ?? { signIns: 0, failures: 0 })
    return {
      method,
      sign_ins: counts.reduce((total, { signIns }) => total + signIns, 0),
      failures: counts.reduce((total, { failures }) => total + failures, 0),
      sign_ins_by_day: counts.map(({ signIns }) => signIns),
    }
  })
  return methods.sort((a, b) => b.sign_ins - a.sign_ins || b.failures - a.failures || (a.method < b.method ? -1 : 1))
}
