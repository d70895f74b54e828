// A single-page app on a sibling origin of authd, such as app.example.com beside auth.example.com. The session is a
// cookie that no script can read. Scripts get access tokens of 5 minutes. Configuration of authd:
//
//   cors.allowed_origins = ["https://app.example.com"]
//   signin.redirect_urls = ["https://app.example.com/*"]
const { authd, api } = document.documentElement.dataset
const [email, code, said, out] = ['email', 'code', 'said', 'out'].map((id) => document.getElementById(id))

/** Calls authd with its cookies. Throws the code of the error, such as RATE_LIMITED. */
async function call(path, body) {
  const json = body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
  const reply = await fetch(authd + path, { method: 'POST', credentials: 'include', ...json })
  const answer = reply.status === 204 ? {} : await reply.json()
  if (!reply.ok) throw new Error(answer.code)
  return answer
}

let token
/** Calls your API with an access token, which is kept in memory only. */
async function callApi() {
  if (!token || Date.now() > token.staleAt) {
    const { access_token: text, expires_in: seconds } = await call('/v1/token')
    token = { text, staleAt: Date.now() + (seconds - 30) * 1000 }
  }
  return await fetch(api, { headers: { Authorization: `Bearer ${token.text}` } })
}

/** Shows who is signed in. 401 from /v1/token: nobody. */
async function show() {
  const reply = await callApi().catch(() => undefined)
  said.textContent = reply?.ok ? `Hello ${(await reply.json()).hello}` : 'Signed out'
  out.hidden = !reply?.ok
  email.hidden = Boolean(reply?.ok)
  code.hidden = true
}

function onSubmit(form, work) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    await work(Object.fromEntries(new FormData(form))).catch((error) => (said.textContent = error.message))
  })
}
onSubmit(email, async (fields) => {
  await call('/v1/signin', { ...fields, deliver: 'cookie', redirect_to: location.href })
  code.hidden = false
})
onSubmit(code, async (fields) => {
  const { status } = await call('/v1/signin/code', fields)
  // The second factor is proven on authd's own page. It continues this sign-in and then returns to redirect_to.
  if (status === 'factor_required') location.assign(`${authd}/signin/factor`)
  else await show()
})
out.addEventListener('click', async () => {
  await call('/v1/logout')
  token = undefined
  await show()
})
await show()
