import { expect, test } from 'vitest'
import { type Daemon, freePort, shell } from '../support/cli.ts'

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

/** Signs users in one after the other and kills the daemon after `atMost`. Keeps what was acknowledged. */
async function signInUntilKilled(daemon: Daemon, name: string, done: Acknowledged[], atMost: number): Promise<void> {
  for (let number = 0; ; number += 1) {
    const email = `${name}-${number}@example.com`
    try {
      const { body } = await post(daemon.url, '/v1/signin', { email })
      const [, code = ''] = await daemon.until(new RegExp(`${email}[\\s\\S]*?Code\\s+(\\d{6})`))
      const attemptToken = body['attempt_token'] ?? ''
      const signedIn = await post(daemon.url, '/v1/signin/code', { code, attempt_token: attemptToken })
      if (signedIn.status === 200) done.push({ accessToken: signedIn.body['access_token'] ?? '', code, attemptToken })
      // At this moment the other sign-ins are in progress.
      if (done.length >= atMost) daemon.kill('SIGKILL')
    } catch {
      // The daemon was killed: a request without an answer may be stored or not.
      return
    }
  }
}

test('a daemon killed under load keeps everything acknowledged, and no used code signs in again', async () => {
  const place = await shell()
  // Tokens name their issuer, so each daemon needs the same address.
  const listen = `127.0.0.1:${await freePort()}`
  const done: Acknowledged[] = []

  for (let round = 0; round < ROUNDS; round += 1) {
    const daemon = await place.serve(['--dev', '--listen', listen])
    const atMost = done.length + 2 + 3 * round
    const people = Array.from({ length: 6 }, (_, index) =>
      signInUntilKilled(daemon, `r${round}p${index}`, done, atMost),
    )
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
  // Within ten seconds a repeated request gets the answer of the first. Nothing else comes of a used code.
  const isNew = ({ status, body }: (typeof again)[number], index: number) =>
    status !== 401 && body['access_token'] !== done[index]?.accessToken
  expect(again.filter(isNew)).toEqual([])
})
