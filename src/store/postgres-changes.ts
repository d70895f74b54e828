import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { CHANGE_CHANNEL } from './change-epochs.ts'
import { callEach } from './db.ts'
import type { Connection, Connector } from './postgres-connection.ts'

const CONNECT_MS = 5000
const AGAIN_MS = 1000

/**
 * Hears of changes on a connection of its own, from the first listener on. It is only faster than reading the epochs, so
 * what goes wrong here is left to them.
 */
export function listenForChanges(connector: Connector) {
  const listeners = new Set<() => void>()
  const ending = new AbortController()
  let heard: Promise<void> | undefined

  async function hear(): Promise<void> {
    while (!ending.signal.aborted) {
      try {
        const connection = await connector.connect(performance.now() + CONNECT_MS)
        // Through a pooler, notifications go astray.
        if (!connection.isDirect) return await connection.close()
        await hearOn(connection)
      } catch {
        // The database is away, which every request says as well.
      }
      await wait(AGAIN_MS, undefined, { signal: ending.signal }).catch(() => undefined)
    }
  }

  async function hearOn(connection: Connection): Promise<void> {
    const { client } = connection
    const isOver = once(client, 'end', { signal: ending.signal })
    try {
      client.on('notification', () => callEach(listeners))
      await client.query({ text: `LISTEN ${CHANGE_CHANNEL}`, ...{ query_timeout: CONNECT_MS } })
      // There may have been changes while nobody listened.
      callEach(listeners)
      await isOver
    } finally {
      isOver.catch(() => undefined)
      await connection.close()
    }
  }

  return {
    onChange(listener: () => void): () => void {
      listeners.add(listener)
      heard ??= hear()
      return () => listeners.delete(listener)
    },
    async close(): Promise<void> {
      ending.abort()
      await heard
    },
  }
}
