import { z } from 'zod'
import { toRfc3339 } from '../platform/clock.ts'
import type { IpFilter } from '../store/ip-filters.ts'
import { timeField } from './email.ts'

export const ipFilterResource = z.strictObject({
  id: z.string(),
  cidr: z.string(),
  action: z.enum(['allow', 'block']),
  scope: z.enum(['all', 'login', 'admin']),
  reason: z.string(),
  created_at: timeField,
  created_by: z.string(),
  expires_at: timeField.nullable(),
})
export type IpFilterResource = z.output<typeof ipFilterResource>

export function presentIpFilter(filter: IpFilter): IpFilterResource {
  return {
    id: filter.id,
    cidr: filter.cidr,
    action: filter.action,
    scope: filter.scope,
    reason: filter.reason,
    created_at: toRfc3339(filter.createdAt),
    created_by: filter.createdBy,
    expires_at: filter.expiresAt === null ? null : toRfc3339(filter.expiresAt),
  }
}
