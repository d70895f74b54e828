import { getSession, redeemCode, refreshTokens, signIn, signOut } from '../generated/orval/authd'
import { codeOfMail, EMAIL, must } from './talk'

async function main(): Promise<void> {
  const begun = await signIn({ email: EMAIL })
  if (begun.status !== 201) throw new Error(begun.data.code)
  const { attempt_token } = begun.data
  const wrong = await redeemCode({ attempt_token, code: '000000x' })
  must(wrong.status === 401 ? wrong.data.code : undefined, 'INVALID_CREDENTIALS')
  const redeemed = await redeemCode({ attempt_token, code: await codeOfMail() })
  if (redeemed.status !== 200 || redeemed.data.status !== 'complete') throw new Error('A second factor is required.')

  const refreshed = await refreshTokens({ refresh_token: redeemed.data.refresh_token ?? '' })
  if (refreshed.status !== 200) throw new Error('The refresh failed.')
  const headers = { Authorization: `Bearer ${refreshed.data.access_token}` }
  const current = await getSession({ headers })
  must(current.status === 200 ? current.data.user.email : undefined, EMAIL)
  must((await signOut(undefined, { headers })).status, 204)
  must((await getSession({ headers })).status, 401)
}

void main()
