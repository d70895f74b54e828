import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface PostgresProxy {
  /** `127.0.0.1:PORT` */
  address: string
  port: number
  /** Connections accepted so far. */
  accepted(): number
  /** Nothing passes in either direction, and new connections get no answer: a network that drops packets. */
  freeze(): void
  /** From now on everything passes this many milliseconds later, in each direction. */
  delay(ms: number): void
  /** Closes all connections now. */
  cut(): void
  /** Calls `act` with what passes from the client; true lets it pass. */
  watch(act: (data: Buffer) => boolean): void
  /** New connections are closed at once, as by a load balancer without a server, and so are the others. */
  shut(): void
  open(): void
  /** Servers seem to have other processes than they have, as through a pooler. */
  inventProcessIds(): void
  /** From now on new connections are refused. */
  close(): Promise<void>
  /** After close: listens on the same port again. */
  reopen(): Promise<void>
}

/** The head of BackendKeyData, before the number of the process. */
const KEY_DATA = Buffer.from([0x4b, 0, 0, 0, 12])

/** A network of its own between authd and a PostgreSQL server. */
export async function startProxy(target: NetConnectOpts): Promise<PostgresProxy> {
  const sockets = new Set<Socket>()
  let isFrozen = false
  let isShut = false
  let invents = false
  let delayMs = 0
  let accepted = 0
  let lets: (data: Buffer) => boolean = () => true
  let server: Server
  const listen = async (port: number) => {
    server = createServer(accept).listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const accept = (client: Socket) => {
    accepted += 1
    if (isShut) {
      client.destroy()
      return
    }
    const upstream = connect(target)
    const pipe = (from: Socket, to: Socket, mayPass: (data: Buffer) => boolean) => {
      sockets.add(from)
      from.on('data', (data: Buffer) => {
        if (isFrozen || !mayPass(data)) return
        if (delayMs === 0) to.write(data)
        else setTimeout(() => to.write(data), delayMs)
      })
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        if (!isFrozen) to.destroy()
      })
    }
    pipe(client, upstream, (data) => lets(data))
    pipe(upstream, client, (data) => {
      const at = invents ? data.indexOf(KEY_DATA) : -1
      if (at >= 0) data.writeUInt32BE(1, at + KEY_DATA.length)
      return true
    })
  }
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  const port = await listen(0)
  onTestFinished(() => {
    server.close()
    cut()
  })
  return {
    ...{ port, cut, address: `127.0.0.1:${port}` },
    accepted: () => accepted,
    freeze: () => {
      isFrozen = true
    },
    delay: (ms) => {
      delayMs = ms
    },
    watch: (act) => {
      lets = act
    },
    shut: () => {
      isShut = true
      cut()
    },
    open: () => {
      isShut = false
    },
    inventProcessIds: () => {
      invents = true
    },
    async close() {
      server.close()
      cut()
    },
    async reopen() {
      isFrozen = false
      await listen(port)
    },
  }
}
