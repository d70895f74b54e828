import createClient from 'openapi-fetch'
import type { paths } from '../generated/openapi-typescript'
import { codeOfMail, EMAIL, must } from './talk'

async function main(): Promise<void> {
  const client = createClient<paths>({ baseUrl: process.env['AUTHD_URL'] ?? '' })

  const begun = await client.POST('/v1/signin', { body: { email: EMAIL } })
  const attempt_token = begun.data?.attempt_token ?? ''
  const wrong = await client.POST('/v1/signin/code', { body: { attempt_token, code: '000000x' } })
  must(wrong.error && 'code' in wrong.error ? wrong.error.code : undefined, 'INVALID_CREDENTIALS')
  const { data: result } = await client.POST('/v1/signin/code', { body: { attempt_token, code: await codeOfMail() } })
  if (result?.status !== 'complete') throw new Error('A second factor is required.')

  const { data: tokens } = await client.POST('/v1/token/refresh', {
    body: { refresh_token: result.refresh_token ?? '' },
  })
  const headers = { Authorization: `Bearer ${tokens?.access_token}` }
  const { data: current } = await client.GET('/v1/session', { headers })
  must(current?.user.email, EMAIL)
  const out = await client.POST('/v1/logout', { headers })
  must(out.response.status, 204)
  must((await client.GET('/v1/session', { headers })).response.status, 401)
}

void main()
