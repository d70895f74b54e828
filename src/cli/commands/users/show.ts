import { Flags } from '@oclif/core'
import { showUser } from '../../../flows/users/show.ts'
import { toRfc3339 } from '../../../platform/clock.ts'
import { presentEvent } from '../../../resources/audit-event.ts'
import { type PasskeyResource, presentPasskey } from '../../../resources/passkey.ts'
import { presentSession } from '../../../resources/session.ts'
import { presentUser } from '../../../resources/user.ts'
import { eventLine } from '../../audit/event-line.ts'
import { operation } from '../../command.ts'
import { usersArg } from '../../flags.ts'
import { renderCard } from '../../output/card.ts'
import type { Line } from '../../output/clean.ts'
import type { Output } from '../../output/output.ts'

export default operation({
  examples: ['authd users show ada@example.com', 'authd users show usr_01m88j --json'],
  args: usersArg,
  takesMany: 'known',
  flags: {
    events: Flags.integer({ default: 10, min: 0, max: 1000, description: 'Number of last events.' }),
  },
  async run(deps, { flags, each, out }) {
    const found = await each((name) => showUser(deps, name, flags.events))
    out.found(found.map((user) => shownUser(user, out)))
  },
})

function shownUser(found: Awaited<ReturnType<typeof showUser>>, out: Output): { value: object; lines: Line[] } {
  const user = presentUser(found.user)
  const sessions = found.sessions.map(presentSession)
  const events = found.events.map(presentEvent)
  const passkeys = found.passkeys.map(presentPasskey)
  const totpSince = found.totpSince === null ? null : toRfc3339(found.totpSince)
  const methods = {
    passkeys,
    webauthn_credentials_count: passkeys.length,
    totp_enabled: totpSince !== null,
    totp_since: totpSince,
    recovery_codes_left: found.recoveryCodes,
  }
  const shown = sessions.map(
    ({ device, ip, last_seen_at }) => `${device ?? 'unknown device'} ${ip ?? ''} (${out.time(last_seen_at)})`,
  )
  const codes = totpSince !== null || passkeys.length > 0 ? `; ${found.recoveryCodes} of 10 recovery codes left` : ''
  return {
    value: { ...user, ...methods, failures_24h: found.failures, sessions, events },
    lines: [
      `${user.name === null ? user.email : `${user.name} <${user.email}>`}  ${user.id}`,
      ...renderCard([
        ['status', user.status + (user.disabled_reason ? `: ${user.disabled_reason}` : '')],
        ['address', user.email_verified ? 'verified' : 'not verified'],
        ['created', out.time(user.created_at)],
        ['last seen', user.last_seen_at === null ? 'never' : out.time(user.last_seen_at)],
        ['policy', user.mfa_policy === null ? 'as mfa.policy' : `second factor ${user.mfa_policy}`],
        ...passkeyRows(passkeys, out),
        ['totp', (totpSince === null ? 'off' : `on, since ${out.time(totpSince)}`) + codes],
        ['sessions', `${sessions.length}${shown.length > 0 ? `  ${shown.join(' · ')}` : ''}`],
        ['failures', `${found.failures} in 24 h`],
      ]),
      ...(events.length > 0 ? ['', 'Last events'] : []),
      ...events.map((event) => eventLine(event, (time) => out.moment(time))),
    ],
  }
}

/** One line per passkey; only the first has the label. */
function passkeyRows(passkeys: PasskeyResource[], out: Output): [string, string][] {
  if (passkeys.length === 0) return [['passkeys', 'none']]
  return passkeys.map(({ name, synced, last_used_at }, index) => {
    const used = last_used_at === null ? 'never used' : `used ${out.time(last_used_at)}`
    return [index === 0 ? 'passkeys' : '', `${name} (${synced ? 'synced' : 'this device only'})  ${used}`]
  })
}
