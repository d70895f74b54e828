import { z } from 'zod'
import { toRfc3339 } from '../platform/clock.ts'
import type { IpFilter } from '../store/ip-filters.ts'
import { idField, sample, timeField } from './field.ts'

export const ipFilterResource = z.strictObject({
  id: idField('ipf'),
  cidr: sample('203.0.113.0/24'),
  action: z.enum(['allow', 'block']).meta({ examples: ['block'] }),
  scope: z.enum(['all', 'login', 'admin']),
  reason: sample('credential stuffing'),
  created_at: timeField,
  created_by: sample('cli:ada@vm1'),
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
