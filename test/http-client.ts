import { assertDocumented } from './contract.ts'

export interface Reply {
  status: number
  headers: Headers
  /** Parsed where it is JSON, else text. */
  // biome-ignore lint/suspicious/noExplicitAny: what a server says is checked by the test
  body: any
}

export interface Sent {
  json?: unknown
  form?: Record<string, string>
  headers?: Record<string, string>
  bearer?: string
}

/** Speaks HTTP as a browser would: keeps cookies, says where it comes from. Every JSON answer is held against OpenAPI. */
export class Browser {
  readonly cookies = new Map<string, string>()
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  get(path: string, sent: Sent = {}): Promise<Reply> {
    return this.send('GET', path, sent)
  }

  post(path: string, sent: Sent = {}): Promise<Reply> {
    return this.send('POST', path, sent)
  }

  async send(method: string, path: string, { json, form, headers = {}, bearer }: Sent = {}): Promise<Reply> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(this.url + path, {
      method,
      redirect: 'manual',
      headers: {
        'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
        ...(cookie !== '' && { Cookie: cookie }),
        ...(method !== 'GET' && { Origin: this.url, 'Sec-Fetch-Site': 'same-origin' }),
        ...(json !== undefined && { 'Content-Type': 'application/json' }),
        ...(form !== undefined && { 'Content-Type': 'application/x-www-form-urlencoded' }),
        ...(bearer !== undefined && { Authorization: `Bearer ${bearer}` }),
        ...headers,
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
      ...(form !== undefined && { body: new URLSearchParams(form).toString() }),
    })
    this.keepCookies(response.headers)
    const text = await response.text()
    const isJson = /[/+]json/.test(response.headers.get('Content-Type') ?? '')
    const reply = { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
    await assertDocumented(this.url, { method, path, reply })
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
