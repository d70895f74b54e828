// A single-page app on a sibling origin of authd, such as app.example.com beside auth.example.com. The session is a
// cookie that no script can read. Scripts get access tokens of 5 minutes. Configuration of authd:
//
//   cors.allowed_origins = ["https://app.example.com"]
//   signin.redirect_urls = ["https://app.example.com/*"]
const { authd, api } = document.documentElement.dataset
const [email, code, said, out] = ['email', 'code', 'said', 'out'].map((id) => document.getElementById(id))
const here = location.origin + location.pathname + location.search // authd rejects a fragment.

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

/** Shows who is signed in. Only 401 means nobody: after any other failure, the user may still be signed in. */
async function show() {
  const reply = await callApi().catch(({ message }) => ({ status: message === 'UNAUTHORIZED' ? 401 : 0, message }))
  // The user must set up a second factor first. authd's own pages lead there, and then to redirect_to.
  if (reply.message === 'ENROLMENT_REQUIRED')
    location.assign(`${authd}/signin?${new URLSearchParams({ redirect_to: here })}`)
  const nobody = reply.status === 401 ? 'Signed out' : 'Try again'
  said.textContent = reply.ok ? `Hello ${(await reply.json()).hello}` : nobody
  out.hidden = reply.status === 401
  email.hidden = !out.hidden
  code.hidden = true
}

function onSubmit(form, work) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    await work(Object.fromEntries(new FormData(form))).catch((error) => (said.textContent = error.message))
  })
}
onSubmit(email, async (fields) => {
  await call('/v1/signin', { ...fields, deliver: 'cookie', redirect_to: here })
  code.hidden = false
})
onSubmit(code, async (fields) => {
  const { status } = await call('/v1/signin/code', fields)
  // The second factor is proven on authd's own page. It continues this sign-in and then returns to redirect_to.
  if (status === 'factor_required') location.assign(`${authd}/signin/factor`)
  else await show()
})
out.addEventListener('click', async () => {
  token = undefined
  await call('/v1/logout').catch(() => undefined)
  await show() // Tells whether it worked.
})
await show()
