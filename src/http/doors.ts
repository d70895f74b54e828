import type { RequestListener } from 'node:http'
import type { Config } from '../config/schema.ts'
import { splitListenAddress } from '../platform/net/listen-address.ts'
import { type Listener, type ListenTarget, openListener } from './server.ts'

type DoorName = 'main' | 'admin' | 'metrics'

interface App {
  callback(): RequestListener
}

/** The listeners of a daemon, which are open before it can serve if it has to wait. */
export interface Doors {
  /** Opens all listeners or none. This app answers until `serve`. */
  turnAway(app: App): Promise<void>
  /** The same, and these apps answer from now on. */
  serve(apps: Record<DoorName, App>): Promise<Listener[]>
  /** Closes what was opened, once. */
  close(timeoutMs: number): Promise<void>
}

export function createDoors(config: Config, fd: number | undefined): Doors {
  const { host, port } = config.server
  const places: [DoorName, ListenTarget | undefined][] = [
    ['main', fd === undefined ? { host, port } : { fd }],
    ['admin', addressOf(config.admin.listen)],
    ['metrics', addressOf(config.metrics.enabled ? config.metrics.listen : undefined)],
  ]
  let answerOf: (door: DoorName) => RequestListener | undefined = () => undefined
  let isServing = false
  let opened: Promise<Listener[]> | undefined
  let closed: Promise<unknown> | undefined
  const open = () => {
    opened ??= openAll(places, config.server.maxConnections, (door) => (request, response) => {
      answerOf(door)?.(request, response)
    })
    return opened
  }
  return {
    async turnAway(app) {
      if (isServing) return
      const answer = app.callback()
      answerOf = () => answer
      await open()
    },
    async serve({ main, admin, metrics }) {
      isServing = true
      const answers = { main: main.callback(), admin: admin.callback(), metrics: metrics.callback() }
      answerOf = (door) => answers[door]
      return await open()
    },
    async close(timeoutMs) {
      const listeners = (await opened?.catch(() => [])) ?? []
      closed ??= Promise.all(listeners.map((listener) => listener.close(timeoutMs)))
      await closed
    },
  }
}

async function openAll(
  places: [DoorName, ListenTarget | undefined][],
  maxConnections: number,
  listenerOf: (door: DoorName) => RequestListener,
): Promise<Listener[]> {
  const opened: Listener[] = []
  try {
    for (const [door, where] of places) {
      if (where) opened.push(await openListener(listenerOf(door), { where, maxConnections }))
    }
    return opened
  } catch (error) {
    await Promise.all(opened.map((listener) => listener.close(0)))
    throw error
  }
}

function addressOf(listen: string | undefined): ListenTarget | undefined {
  return listen === undefined ? undefined : splitListenAddress(listen)
}
