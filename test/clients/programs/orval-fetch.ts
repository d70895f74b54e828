/** Sends the requests of the client that orval generates. It names no type where a route takes JSON and forms. */
export async function send<Reply>(path: string, options: RequestInit): Promise<Reply> {
  const headers = new Headers(options.headers)
  if (options.body && !headers.has('Content-Type')) headers.set('Content-Type', 'application/json')
  const response = await fetch(process.env['AUTHD_URL'] + path, { ...options, headers })
  const text = await response.text()
  const data = text === '' ? undefined : JSON.parse(text)
  return { data, status: response.status, headers: response.headers } as Reply
}
