import { setTimeout as wait } from 'node:timers/promises'
import type { CodeSink } from '../../support/code-sink.ts'

/** What authd said is done. */
export interface Acknowledged {
  attemptToken: string
  code: string
  accessToken: string
  refreshToken: string
  /** When, as `performance.now()`. */
  at: number
}

export interface Call {
  path: string
  /** `-` where no answer came. */
  status: string
  /** When the answer came, as `performance.now()`, and how long it took. */
  at: number
  ms: number
}

export interface Load {
  acknowledged: Acknowledged[]
  calls: Call[]
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

/** How long a person waits for a code. */
const PATIENCE_MS = 60_000

/** After this time a spent code gets no repeated answer any more, only a rejection. */
const REPETITION_MS = 11_000

export function post(url: string, path: string, json: object): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json' }
  return ask(url, path, { method: 'POST', headers, body: JSON.stringify(json) })
}

async function ask(url: string, path: string, options: RequestInit): Promise<Answer> {
  try {
    const response = await fetch(url + path, { ...options, signal: AbortSignal.timeout(ANSWER_MS) })
    return { status: response.status, body: (await response.json()) as Record<string, string> }
  } catch {
    return { status: 0, body: {} }
  }
}

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })

/** New people sign in by code, look at their session and refresh once, each call at the next instance. */
export function startLoad(urls: string[], sink: CodeSink, perSecond: number): Load {
  const load: Load = { acknowledged: [], calls: [], stop }
  const running = new Set<Promise<void>>()
  let calls = 0
  let people = 0

  async function call(path: string, send: (url: string) => Promise<Answer>): Promise<Answer> {
    const startedAt = performance.now()
    const answer = await send(urls[calls++ % urls.length] ?? '')
    const at = performance.now()
    load.calls.push({ path, status: answer.status === 0 ? '-' : String(answer.status), at, ms: at - startedAt })
    return answer
  }
  const posted = (path: string, json: object) => call(path, (url) => post(url, path, json))

  async function signIn(email: string): Promise<void> {
    const begun = await posted('/v1/signin', { email })
    if (begun.status !== 201) return
    const attemptToken = begun.body['attempt_token'] ?? ''
    const code = await Promise.race([sink.codeFor(email), wait(PATIENCE_MS, '', { ref: false }), stopped.promise])
    if (code === '') return
    const { status, body } = await posted('/v1/signin/code', { code, attempt_token: attemptToken })
    if (status !== 200) return
    const done = {
      ...{ attemptToken, code, at: performance.now() },
      accessToken: body['access_token'] ?? '',
      refreshToken: body['refresh_token'] ?? '',
    }
    load.acknowledged.push(done)
    await call('/v1/session', (url) => ask(url, '/v1/session', bearer(done.accessToken)))
    const refreshed = await posted('/v1/token/refresh', { refresh_token: done.refreshToken })
    if (refreshed.status === 200) done.refreshToken = refreshed.body['refresh_token'] ?? ''
  }

  const stopped = Promise.withResolvers<''>()
  const timer = setInterval(() => {
    const one = signIn(`load-${people++}@example.com`).finally(() => running.delete(one))
    running.add(one)
  }, 1000 / perSecond)

  async function stop(): Promise<void> {
    clearInterval(timer)
    stopped.resolve('')
    await Promise.all(running)
  }
  return load
}

/** How often each status came. */
export function statusesOf(calls: Call[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { status } of calls) counts.set(status, (counts.get(status) ?? 0) + 1)
  return counts
}

/** Asks for all that was acknowledged: whether the session is there, and whether its code works again. */
export async function judge({ acknowledged }: Load, urls: string[]): Promise<{ lost: string[]; doubled: string[] }> {
  await wait(REPETITION_MS)
  const lost: string[] = []
  const doubled: string[] = []
  for (const [index, { attemptToken, code, refreshToken }] of acknowledged.entries()) {
    const url = urls[index % urls.length] ?? ''
    const again = await post(url, '/v1/signin/code', { code, attempt_token: attemptToken })
    if (again.status !== 401) doubled.push(`the code of sign-in ${index} works again: ${again.status}`)
    const refreshed = await post(url, '/v1/token/refresh', { refresh_token: refreshToken })
    const session = await ask(url, '/v1/session', bearer(refreshed.body['access_token'] ?? ''))
    if (session.status !== 200) lost.push(`the session of sign-in ${index}: ${refreshed.status}, ${session.status}`)
  }
  return { lost, doubled }
}
