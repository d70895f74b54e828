import { readFileSync } from 'node:fs'
import { type Connection, openConnection } from './client.ts'

/** One operation. Returns false when its input is used up. */
export type Operation = (connection: Connection) => Promise<boolean>

export interface Figures {
  concurrency: number
  perSecond: number
  /** Milliseconds. */
  p50: number
  p99: number
  /** CPU time of the measured process per operation. */
  cpuMicros: number
}

export interface Server {
  pid: number
  port: number
}

/** Runs an operation over parallel connections until the time or its input ends. */
export async function measure(
  operation: Operation,
  { pid, port, concurrency, milliseconds }: Server & { concurrency: number; milliseconds: number },
): Promise<Figures> {
  const connections = await Promise.all(Array.from({ length: concurrency }, () => openConnection(port)))
  const figures = await time(concurrency, { milliseconds, pid }, (place) => {
    const connection = connections[place]
    if (!connection) throw new Error(`no connection ${place}`)
    return operation(connection)
  })
  for (const connection of connections) connection.close()
  return figures
}

/** Like `measure`, for any work. */
export async function time(
  concurrency: number,
  { milliseconds, pid }: { milliseconds: number; pid: number },
  operation: (place: number) => Promise<boolean>,
): Promise<Figures> {
  const times: number[] = []
  const cpuBefore = cpuOf(pid)
  const start = performance.now()
  const until = start + milliseconds
  await Promise.all(
    Array.from({ length: concurrency }, async (_, place) => {
      for (let before = performance.now(); before < until; before = performance.now()) {
        if (!(await operation(place))) return
        times.push(performance.now() - before)
      }
    }),
  )
  const seconds = (performance.now() - start) / 1000
  times.sort((left, right) => left - right)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
  const cpuMicros = (cpuOf(pid) - cpuBefore) / Math.max(1, times.length)
  return { concurrency, perSecond: times.length / seconds, p50: at(0.5), p99: at(0.99), cpuMicros }
}

/** CPU time of a process in microseconds, from the kernel's 100 ticks per second. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}
