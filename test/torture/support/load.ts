import { setTimeout as wait } from 'node:timers/promises'
import type { CodeSink } from '../../support/code-sink.ts'

/** What authd said is done. */
export interface Acknowledged {
  attemptToken: string
  code: string
  accessToken: string
  refreshToken: string
}

export interface Load {
  acknowledged: Acknowledged[]
  /** How often each status came, and how often none (`-`). */
  statuses: Map<string, number>
  /** Ends when the last sign-in that began has ended. */
  stop(): Promise<void>
}

export interface Answer {
  /** 0 where none came. */
  status: number
  body: Record<string, string>
}

/** Longer than authd may take for an answer, so that a missing one is authd's fault. */
const ANSWER_MS = 20_000

export async function post(url: string, path: string, json: object): Promise<Answer> {
  try {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(json),
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    return { status: response.status, body: (await response.json()) as Record<string, string> }
  } catch {
    return { status: 0, body: {} }
  }
}

/** New people sign in by code and refresh once, each call at the next instance. */
export function startLoad(urls: string[], sink: CodeSink, perSecond: number): Load {
  const load: Load = { acknowledged: [], statuses: new Map(), stop }
  const running = new Set<Promise<void>>()
  let calls = 0
  let people = 0

  async function call(path: string, json: object): Promise<Answer> {
    const answer = await post(urls[calls++ % urls.length] ?? '', path, json)
    const status = answer.status === 0 ? '-' : String(answer.status)
    load.statuses.set(status, (load.statuses.get(status) ?? 0) + 1)
    return answer
  }

  async function signIn(email: string): Promise<void> {
    const begun = await call('/v1/signin', { email })
    if (begun.status !== 201) return
    const attemptToken = begun.body['attempt_token'] ?? ''
    const code = await Promise.race([sink.codeFor(email), wait(60_000, '', { ref: false })])
    if (code === '') return
    const { status, body } = await call('/v1/signin/code', { code, attempt_token: attemptToken })
    if (status !== 200) return
    const done = {
      attemptToken,
      code,
      accessToken: body['access_token'] ?? '',
      refreshToken: body['refresh_token'] ?? '',
    }
    load.acknowledged.push(done)
    const refreshed = await call('/v1/token/refresh', { refresh_token: done.refreshToken })
    if (refreshed.status === 200) done.refreshToken = refreshed.body['refresh_token'] ?? ''
  }

  const timer = setInterval(() => {
    const one = signIn(`load-${people++}@example.com`).finally(() => running.delete(one))
    running.add(one)
  }, 1000 / perSecond)

  async function stop(): Promise<void> {
    clearInterval(timer)
    await Promise.all(running)
  }
  return load
}
