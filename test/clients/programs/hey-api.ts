import { getSession, redeemCode, refreshTokens, signIn, signOut } from '../generated/hey-api'
import { client } from '../generated/hey-api/client.gen'
import { codeOfMail, EMAIL, must } from './talk'

async function main(): Promise<void> {
  client.setConfig({ baseUrl: process.env['AUTHD_URL'] ?? '' })

  const begun = await signIn({ body: { email: EMAIL } })
  const attempt_token = begun.data?.attempt_token ?? ''
  const wrong = await redeemCode({ body: { attempt_token, code: '000000x' } })
  must(wrong.error?.code, 'INVALID_CREDENTIALS')
  const { data: result } = await redeemCode({ body: { attempt_token, code: await codeOfMail() } })
  if (result?.status !== 'complete') throw new Error('A second factor is required.')

  const { data: tokens } = await refreshTokens({ body: { refresh_token: result.refresh_token ?? '' } })
  const auth = tokens?.access_token
  const { data: current } = await getSession({ auth })
  must(current?.user.email, EMAIL)
  must((await signOut({ auth })).response?.status, 204)
  must((await getSession({ auth })).response?.status, 401)
}

void main()
