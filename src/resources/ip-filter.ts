import { toRfc3339 } from '../platform/clock.ts'
import type { IpFilter } from '../store/ip-filters.ts'

export interface IpFilterResource {
  id: string
  cidr: string
  action: string
  scope: string
  reason: string
  created_at: string
  created_by: string
  expires_at: string | null
}

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
