import { request } from 'node:http'

/** Where a daemon with this configuration is reached from its own machine. */
export function listeningAt({ host, port }: { host: string; port: number }): string {
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}

/** What it answers; without a status, it did not. Milliseconds. */
export function fetchText(
  url: string,
  { token, timeoutMs = 5000 }: { token?: string | undefined; timeoutMs?: number } = {},
): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve) => {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
    const call = request(url, { timeout: timeoutMs, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (more) => {
        text += more
      })
      response.on('end', () => resolve({ status: response.statusCode, text }))
      response.on('error', () => resolve({ status: undefined, text: '' }))
    })
    call.on('timeout', () => call.destroy())
    call.on('error', () => resolve({ status: undefined, text: '' }))
    call.end()
  })
}
