import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { assertDocumented } from './contract.ts'
import { assertVerifiable } from './verifiers.ts'

export interface Reply {
  status: number
  headers: Headers
  /** Parsed if it is JSON, otherwise text. */
  // biome-ignore lint/suspicious/noExplicitAny: what a server says is checked by the test
  body: any
}

export interface Sent {
  json?: unknown
  form?: Record<string, string>
  headers?: Record<string, string>
  bearer?: string
}

/** Sends requests like a browser, with cookies and Origin. Checks every JSON response against the OpenAPI document. */
export class Browser {
  readonly cookies = new Map<string, string>()
  /** public_url, and the address of the process: this client acts as the proxy between them. */
  readonly url: string
  address: string
  /** The client that this proxy names, to an authd that trusts it. */
  ip: string | undefined

  constructor(url: string, address = url) {
    this.url = url
    this.address = address
  }

  get(path: string, sent: Sent = {}): Promise<Reply> {
    return this.send('GET', path, sent)
  }

  post(path: string, sent: Sent = {}): Promise<Reply> {
    return this.send('POST', path, sent)
  }

  async send(method: string, path: string, { json, form, headers = {}, bearer }: Sent = {}): Promise<Reply> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const { origin, host } = new URL(this.url)
    const body = json === undefined ? form && new URLSearchParams(form).toString() : JSON.stringify(json)
    const response = await exchange(this.address + path, {
      method,
      headers: {
        Host: host,
        'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
        ...(cookie !== '' && { Cookie: cookie }),
        ...(method !== 'GET' && { Origin: origin, 'Sec-Fetch-Site': 'same-origin' }),
        ...(json !== undefined && { 'Content-Type': 'application/json' }),
        ...(form !== undefined && { 'Content-Type': 'application/x-www-form-urlencoded' }),
        ...(bearer !== undefined && { Authorization: `Bearer ${bearer}` }),
        ...(this.ip !== undefined && { 'X-Forwarded-For': this.ip }),
        ...headers,
      },
      body,
    })
    this.keepCookies(response.headers)
    const { text } = response
    const isJson = /[/+]json/.test(response.headers.get('Content-Type') ?? '')
    const reply = {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== '' ? JSON.parse(text) : text,
    }
    await assertDocumented(this.address, { method, path, reply })
    await assertVerifiable(this.address, reply.body)
    return reply
  }

  private keepCookies(headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const name = pair.slice(0, pair.indexOf('='))
      if (/; Max-Age=0(;|$)/.test(line)) this.cookies.delete(name)
      else this.cookies.set(name, pair.slice(name.length + 1))
    }
  }
}

export interface RawRequest {
  method: string
  headers?: Record<string, string>
  body?: string | Buffer | undefined
}

/** One raw exchange, without the rules of fetch: any method, any Host, no redirects. */
export async function exchange(url: string, { method, headers = {}, body }: RawRequest) {
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
  const sending = request(url, { method, headers: { ...length, ...headers } })
  const answered = once(sending, 'response') as Promise<[IncomingMessage]>
  sending.end(body)
  const [response] = await answered
  const chunks: Buffer[] = await response.toArray()
  const received = new Headers()
  for (let at = 0; at < response.rawHeaders.length; at += 2) {
    received.append(response.rawHeaders[at] ?? '', response.rawHeaders[at + 1] ?? '')
  }
  return { status: response.statusCode ?? 0, headers: received, text: Buffer.concat(chunks).toString('utf8') }
}
