import type { LimitUse } from '../flows/limits/rate-limit-admin.ts'
import { toRfc3339 } from '../platform/clock.ts'

export interface LimitUseResource {
  policy: string
  key: string
  used: number
  limit: number
  is_over: boolean
  window_ends_at: string
}

export function presentLimitUse({ policy, subject, used, limit, windowEndsAt }: LimitUse): LimitUseResource {
  return {
    policy,
    key: subject,
    used: Math.min(used, limit),
    limit,
    is_over: used > limit,
    window_ends_at: toRfc3339(windowEndsAt),
  }
}
