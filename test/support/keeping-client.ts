import { Browser, type Reply, type Sent } from './http-client.ts'

/** What a client of an app sends of a browser's headers: nothing. */
const NO_BROWSER = { Origin: '', 'Sec-Fetch-Site': '' }

/** An HTTP client that keeps all cookies unasked, as those of many languages do, and sends a bearer token if it has one. */
export class KeepingClient extends Browser {
  bearer: string | undefined
  /** The cookies that answers have set since the last look. */
  readonly taken: string[] = []

  override async send(method: string, path: string, sent: Sent = {}): Promise<Reply> {
    const bearer = this.bearer === undefined ? {} : { bearer: this.bearer }
    const headers = { ...NO_BROWSER, ...sent.headers }
    const reply = await super.send(method, path, { ...bearer, ...sent, headers })
    this.taken.push(...reply.headers.getSetCookie())
    if (reply.status < 300 && typeof reply.body?.access_token === 'string') this.bearer = reply.body.access_token
    return reply
  }
}
