import type { Fault, Running } from '../faults/fault.ts'

/** What one door says about a fault while it lasts. */
export interface Said {
  door: string
  line: string
  /** The time since when, in epoch seconds. Undefined: the door does not name the fault. */
  since: number | undefined
}

interface Problem {
  what: string
  reason: string
  since: string
}

/** Asks each door what is wrong. */
export async function askDoors(
  { what, reason, notIn }: NonNullable<Fault['told']>,
  { daemon, command }: Running,
): Promise<Said[]> {
  const wanted = new RegExp(`^(?:problem |(?:unhealthy: HTTP 503|healthy); |)\\s*${what} since (\\S+): (.*)$`)
  /** The one line of a text that names the fault. */
  const inText = (door: string, text: string): Said => {
    const lines = text.split('\n').flatMap((line) => line.match(wanted) ?? [])
    const [line = '', since = '', why = ''] = lines
    const isIt = lines.length === 3 && reason.test(why)
    return { door, line: line === '' ? firstLine(text) : line, since: isIt ? seconds(since) : undefined }
  }
  const { url, printed } = daemon()
  const [readiness, metrics, status, probe] = await Promise.all([
    get(`${url}/readiness`),
    get(`${url}/metrics`),
    command('status'),
    command('healthcheck', '--ready'),
  ])
  const { problems = [] } = parsed<{ problems?: Problem[] }>(readiness)
  const asLines = problems.map((problem) => `${problem.what} since ${problem.since}: ${problem.reason}`)
  const gauge = new RegExp(`^authd_trouble_since_timestamp_seconds\\{what="${what}"\\} (\\S+)$`, 'm').exec(metrics)
  const said = [
    inText('/readiness', asLines.join('\n')),
    inText('status', status),
    inText('healthcheck --ready', probe),
    { door: '/metrics', line: gauge?.[0] ?? '', since: Number(gauge?.[1]) || undefined },
    inTheLog(printed(), what, reason),
  ]
  return said.filter(({ door }) => door !== notIn)
}

function inTheLog(printed: string, what: string, reason: RegExp): Said {
  const lines = printed.split('\n').filter((line) => line.includes('trouble began'))
  const line = lines.at(-1) ?? ''
  const said = parsed<Partial<Problem>>(line)
  const isIt = said.what === what && reason.test(said.reason ?? '')
  return {
    door: 'log',
    line: `${said.what} since ${said.since}: ${said.reason}`,
    since: isIt ? seconds(said.since ?? '') : undefined,
  }
}

async function get(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(20_000) }).catch(() => undefined)
  return response ? await response.text() : ''
}

function parsed<Shape extends object>(text: string): Partial<Shape> {
  try {
    return JSON.parse(text) as Shape
  } catch {
    return {}
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? ''
}

function seconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000)
}
