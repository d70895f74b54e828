import { expect, test } from 'vitest'
import { type Daemon, shell } from '../support/cli.ts'

const ROUNDS = 4

interface Acknowledged {
  accessToken: string
  code: string
  attemptToken: string
}

async function post(url: string, path: string, json: object) {
  const headers = { 'Content-Type': 'application/json' }
  const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(json) })
  return { status: response.status, body: (await response.json()) as Record<string, string> }
}

/** Signs people in, one after the other, until the daemon is gone; keeps what it was told to be done. */
async function signInUntilKilled(daemon: Daemon, name: string, done: Acknowledged[]): Promise<void> {
  for (let number = 0; ; number += 1) {
    const email = `${name}-${number}@example.com`
    try {
      const { body } = await post(daemon.url, '/v1/signin', { email })
      const [, code = ''] = await daemon.until(new RegExp(`${email}[\\s\\S]*?Code\\s+(\\d{6})`))
      const attemptToken = body['attempt_token'] ?? ''
      const signedIn = await post(daemon.url, '/v1/signin/code', { code, attempt_token: attemptToken })
      if (signedIn.status === 200) done.push({ accessToken: signedIn.body['access_token'] ?? '', code, attemptToken })
    } catch {
      // The daemon was killed in the middle: what it had not answered may be there or not.
      return
    }
  }
}

test('SECURITY D-01: kill -9 at any moment under load: what was acknowledged is there, and no used code works again', {
  timeout: 60_000,
}, async () => {
  const place = await shell()
  const listen = `127.0.0.1:${41_000 + (process.pid % 9000)}`
  const done: Acknowledged[] = []

  for (let round = 0; round < ROUNDS; round += 1) {
    const daemon = await place.serve(['--dev', '--listen', listen])
    const people = Array.from({ length: 6 }, (_, index) => signInUntilKilled(daemon, `r${round}p${index}`, done))
    await daemon.until(/Code[\s\S]*Code[\s\S]*Code/)
    setTimeout(() => daemon.kill('SIGKILL'), 137 * (round + 1))
    await daemon.exit
    await Promise.all(people)
  }
  const daemon = await place.serve(['--dev', '--listen', listen])
  const ready = await fetch(`${daemon.url}/readiness`)
  const sessions = await Promise.all(
    done.map(({ accessToken }) =>
      fetch(`${daemon.url}/v1/session`, { headers: { Authorization: `Bearer ${accessToken}` } }),
    ),
  )
  const again = await Promise.all(
    done.map(({ code, attemptToken }) => post(daemon.url, '/v1/signin/code', { code, attempt_token: attemptToken })),
  )

  expect(done.length).toBeGreaterThan(ROUNDS)
  expect(ready.status).toBe(200)
  expect(sessions.filter(({ status }) => status !== 200)).toEqual([])
  expect(again.filter(({ status }) => status !== 401)).toEqual([])
})
