import type { LimitUseResource } from '../resources/rate-limit.ts'
import type { Column } from './output/column.ts'

export const limitColumns: Column<LimitUseResource>[] = [
  { header: 'POLICY', value: ({ policy }) => policy },
  { header: 'KEY', isText: true, value: ({ key }) => key },
  { header: 'USED', value: ({ used }) => used },
  { header: 'LIMIT', value: ({ limit }) => limit },
  { header: 'STATE', value: ({ is_over }) => (is_over ? 'over' : 'ok') },
  { header: 'ENDS', value: ({ window_ends_at }) => window_ends_at, isTime: true },
]
