import type { SeenNode } from '../../flows/upkeep/node.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import type { Row, Table } from '../tui/screen-data.ts'
import { showBytes, showSpan } from './figures.ts'
import { detailsOf } from './row-details.ts'

export interface OwnNode {
  address: string
  version: string
  startedAt: number | null
  residentBytes: number | null
  cpu: string
}

/** On PostgreSQL every node that reports; with SQLite the daemon on this machine. */
export function nodeTable(nodes: SeenNode[], own: OwnNode | null, now: number): Table {
  const announced = nodes.map((node) => {
    const isOwn =
      own?.address === node.address && own.startedAt !== null && Math.abs(own.startedAt - node.startedAt) < 10_000
    return rowOfNode(node, isOwn ? own : null, now)
  })
  const alone = own
    ? [rowOfNode({ ...own, id: own.address, host: 'this machine', pid: null, seenAt: now }, own, now)]
    : []
  return {
    columns: [
      { header: 'HOST', least: 16, share: 2 },
      { header: 'PID', least: 7, share: 0 },
      { header: 'UP', least: 8, share: 0 },
      { header: 'VERSION', least: 8, share: 0 },
      { header: 'MEMORY', least: 7, share: 0 },
      { header: 'CPU', least: 5, share: 0 },
      { header: 'SEEN', least: 7, share: 0 },
      { header: 'ADDRESS', least: 22, share: 1 },
    ],
    rows: nodes.length > 0 ? announced : alone,
    empty: 'No running daemon.',
  }
}

interface ShownNode extends Omit<SeenNode, 'pid' | 'startedAt'> {
  pid: number | null
  startedAt: number | null
}

function rowOfNode(node: ShownNode, own: OwnNode | null, now: number): Row {
  const { id, host, pid, address, version, startedAt, seenAt } = node
  return {
    key: id,
    cells: [
      host,
      pid === null ? '-' : String(pid),
      startedAt === null ? '-' : showSpan(now - startedAt),
      version,
      own?.residentBytes == null ? '-' : showBytes(own.residentBytes),
      own?.cpu ?? '-',
      showSpan(now - seenAt),
      address,
    ],
    isBad: false,
    details: detailsOf({ host, pid, address, version, started: startedAt === null ? null : toRfc3339(startedAt) }),
    proposals: {},
  }
}
