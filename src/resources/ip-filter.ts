import { z } from 'zod'
import { toRfc3339 } from '../platform/clock.ts'
import type { IpFilter } from '../store/ip-filters.ts'
import { idField, sample, timeField } from './shared-fields.ts'

export const ipFilterResource = z
  .strictObject({
    id: idField('ipf').describe('The id of the rule.'),
    cidr: sample('203.0.113.0/24').describe('The network in CIDR notation.'),
    action: z
      .enum(['allow', 'block'])
      .meta({ examples: ['block'] })
      .describe('What happens to requests from the network.'),
    scope: z.enum(['all', 'login', 'admin']).describe('What the rule covers.'),
    reason: sample('credential stuffing').describe('Why an operator added the rule.'),
    created_at: timeField.describe('When the rule was added.'),
    created_by: sample('cli:ada@vm1').describe('Who added the rule.'),
    expires_at: timeField.nullable().describe('When the rule ends. `null`: never.'),
  })
  .meta({ id: 'IpFilter', description: 'A rule that allows or blocks a network.' })
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
