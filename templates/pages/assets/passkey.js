/**
 * Passkeys and recovery codes on the hosted pages. A form with data-passkey gets the browser's answer into its hidden
 * fields and is sent like any other: the server decides, and says what is to be said.
 */
const supported = 'PublicKeyCredential' in window && 'parseRequestOptionsFromJSON' in PublicKeyCredential
let waiting

for (const form of document.querySelectorAll('form[data-passkey]')) {
  if (!supported) break
  form.hidden = false
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    use(form).catch(() => say(form, 'failed'))
  })
  if ('autofill' in form.dataset) offer(form).catch(() => undefined)
}
// What is under way ends with the page: its late answer would set the cookie without the sign-in that the form began.
document.addEventListener('submit', () => waiting?.abort(), true)
for (const note of document.querySelectorAll('[data-without-passkeys]')) note.hidden = supported

/** The person pressed the button. */
async function use(form) {
  waiting?.abort()
  const button = form.querySelector('button')
  button.disabled = true
  try {
    const asked = await ask(form)
    await answer(form, asked, {})
  } finally {
    button.disabled = false
  }
}

/** Passkeys among the suggestions of the e-mail field; asked for again before the challenge ends. */
async function offer(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return
  waiting = new AbortController()
  const asked = await ask(form, waiting.signal)
  const again = setTimeout(
    () => {
      waiting.abort()
      offer(form).catch(() => undefined)
    },
    // As long as the challenge lives, by no clock but this timer's: the person's may be wrong.
    asked.options.timeout - 20_000,
  )
  waiting.signal.addEventListener('abort', () => clearTimeout(again))
  await answer(form, asked, { mediation: 'conditional', signal: waiting.signal })
}

async function ask(form, signal) {
  const { begin, options, redirect } = form.dataset
  if (begin) {
    const attempt = await post(begin, { deliver: 'cookie', ...(redirect && { redirect_to: redirect }) }, signal)
    form.elements.attempt.value = attempt.attempt_token.split('.')[0]
  }
  const attempt = form.elements.attempt?.value
  return await post(options, attempt ? { attempt } : {}, signal)
}

async function answer(form, { challenge_id, options }, how) {
  const isNew = form.dataset.passkey === 'create'
  const publicKey = isNew
    ? PublicKeyCredential.parseCreationOptionsFromJSON(options)
    : PublicKeyCredential.parseRequestOptionsFromJSON(options)
  try {
    const credential = await navigator.credentials[isNew ? 'create' : 'get']({ publicKey, ...how })
    form.elements.challenge_id.value = challenge_id
    form.elements.credential.value = JSON.stringify(credential.toJSON())
    HTMLFormElement.prototype.submit.call(form)
  } catch (error) {
    if (error.name === 'AbortError' || how.mediation) return
    say(form, error.name === 'InvalidStateError' ? 'exists' : error.name === 'NotAllowedError' ? 'cancelled' : 'failed')
  }
}

async function post(url, body, signal) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  })
  if (!response.ok) throw new Error(String(response.status))
  return await response.json()
}

function say(place, what) {
  for (const note of place.querySelectorAll('[data-say]')) note.hidden = note.dataset.say !== what
}

// What the person's authenticators should know: passkeys that are gone, and how the person is called (WebAuthn L3 §5.1.10).
const known = document.querySelector('[data-signal]')?.dataset
if (supported && known?.user) {
  const about = { rpId: known.signal, userId: known.user }
  PublicKeyCredential.signalAllAcceptedCredentials?.({
    ...about,
    allAcceptedCredentialIds: known.credentials.split(' ').filter(Boolean),
  }).catch(() => undefined)
  PublicKeyCredential.signalCurrentUserDetails?.({
    ...about,
    name: known.name,
    displayName: known.displayName,
  }).catch(() => undefined)
}

// Recovery codes: copied, downloaded or printed.
const codes = document.querySelector('[data-codes]')
if (codes) {
  const text = [...document.querySelectorAll('#codes code')].map((code) => code.textContent).join('\n')
  codes.hidden = false
  codes.querySelector('[data-print]').addEventListener('click', () => print())
  codes.querySelector('[data-copy]').addEventListener('click', async () => {
    await navigator.clipboard.writeText(text)
    say(codes, 'copied')
  })
  codes.querySelector('[data-download]').addEventListener('click', () => {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([`${text}\n`], { type: 'text/plain' }))
    link.download = codes.dataset.codes
    link.click()
    URL.revokeObjectURL(link.href)
  })
}
