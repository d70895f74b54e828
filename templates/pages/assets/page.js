/**
 * Passkeys, recovery codes and countdowns on the hosted pages. A form with data-passkey gets the browser's answer into
 * its hidden fields and is sent like any other. The server decides, and its page shows the result.
 */
const supported = 'PublicKeyCredential' in window && 'credentials' in navigator
let waiting

for (const form of document.querySelectorAll('form[data-passkey]')) {
  if (!supported) break
  form.hidden = false
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    use(form).catch(() => say(form, 'failed'))
  })
  if (form.dataset.asked) offer(form).catch(() => undefined)
}
// What is under way ends with the page: its late answer would set the cookie without the sign-in that the form began.
document.addEventListener('submit', () => waiting?.abort(), true)
for (const note of document.querySelectorAll('[data-without-passkeys]')) note.hidden = supported
// Where no passkey can be used, the other ways are not folded away.
if (!supported) for (const ways of document.querySelectorAll('details.ways')) ways.open = true
// A button that was pressed says that it works, unless the page stays, as with a download. A page from the history works
// no more.
document.addEventListener('submit', ({ target, submitter }) => {
  if (!('stays' in target.dataset)) submitter?.setAttribute('aria-busy', 'true')
})
window.addEventListener('pageshow', () => {
  for (const button of document.querySelectorAll('[aria-busy]')) release(button)
})

// Counts down to the next mail. The timer may sleep with the page, so it looks at the clock.
const wait = document.querySelector('[data-wait]')
if (wait) {
  const end = performance.now() + wait.dataset.wait * 1000
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: 'auto' })
  const timer = setInterval(() => {
    const left = Math.ceil((end - performance.now()) / 1000)
    if (left > 0) wait.textContent = wait.dataset.says.replace('%s', words.format(left, 'second'))
    wait.hidden = left <= 0
    if (left <= 0) clearInterval(timer)
  }, 1000)
}

/** The person pressed the button. */
async function use(form) {
  waiting?.abort()
  const button = form.querySelector('button')
  button.disabled = true
  let isSent = false
  try {
    const asked = await ask(form)
    isSent = await answer(form, asked, {})
  } finally {
    // While the form is on its way, another press would make a second passkey in place of the one that it brings.
    if (!isSent) giveBack(button)
  }
}

/** A disabled button loses the focus. */
function giveBack(button) {
  release(button)
  if (document.activeElement === document.body) button.focus()
}

function release(button) {
  button.disabled = false
  button.removeAttribute('aria-busy')
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
  const { options } = form.dataset
  if (!options) return await askedByPage(form, signal)
  const attempt = form.elements.attempt?.value
  return await post(options, attempt ? { attempt } : {}, signal)
}

/** The challenge that came with the page. Shortly before it ends, that of a new page. */
async function askedByPage(form, signal) {
  const asked = JSON.parse(form.dataset.asked)
  const age = performance.now() - (form.dataset.since ?? 0)
  if (age < asked.options.timeout - 30_000) return asked
  const since = performance.now()
  const answer = await fetch(form.dataset.page, { signal })
  // The person has signed in meanwhile, in another tab.
  if (answer.redirected) location.assign(answer.url)
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[data-asked]')
  Object.assign(form.dataset, { asked: fresh.dataset.asked, since })
  return JSON.parse(fresh.dataset.asked)
}

/** True once the form is sent. */
async function answer(form, { challenge_id, options }, how) {
  const isNew = form.dataset.passkey === 'create'
  let credential
  try {
    credential = await navigator.credentials[isNew ? 'create' : 'get']({ publicKey: decode(options), ...how })
  } catch (error) {
    if (error.name !== 'AbortError' && !how.mediation) say(form, FAULTS[error.name] ?? 'failed')
    return false
  }
  try {
    form.elements.credential.value = JSON.stringify(encode(credential))
  } catch {
    // The password manager keeps a passkey that authd will never know.
    say(form, isNew ? 'unread' : 'failed')
    return false
  }
  form.elements.challenge_id.value = challenge_id
  HTMLFormElement.prototype.submit.call(form)
  return true
}

// A prompt that was closed and one whose time ran out look the same to a page, by design of WebAuthn.
const FAULTS = {
  NotAllowedError: 'cancelled',
  InvalidStateError: 'exists',
  ConstraintError: 'unsuitable',
  NotSupportedError: 'unsuitable',
}

// By hand: Safari before 18.4, Firefox before 119 and Chrome before 129 cannot do it, nor can some password managers.
function decode(options) {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
  const withBytes = (one) => ({ ...one, id: bytes(one.id) })
  return {
    ...options,
    challenge: bytes(options.challenge),
    user: options.user && withBytes(options.user),
    allowCredentials: options.allowCredentials?.map(withBytes),
    excludeCredentials: options.excludeCredentials?.map(withBytes),
  }
}

function encode({ rawId, type, response }) {
  const text = (bytes) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes)))
      .replace(/\+/g, '-')
      .replace(/\//g, '_')
      .replace(/=/g, '')
  const sent = { transports: response.getTransports?.() }
  for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
    if (response[name]) sent[name] = text(response[name])
  }
  if (!sent.clientDataJSON) throw new Error('not a credential of WebAuthn')
  return { id: text(rawId), rawId: text(rawId), type, response: sent, clientExtensionResults: {} }
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
  const known = place.querySelector(`[data-say=${what}]`) ? what : 'failed'
  for (const note of place.querySelectorAll('[data-say]')) note.hidden = note.dataset.say !== known
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
  const lines = (what) => [...document.querySelectorAll(what)].map(({ textContent }) => textContent)
  const text = [...lines('[data-kept]'), '', ...lines('#codes code')].join('\n')
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
