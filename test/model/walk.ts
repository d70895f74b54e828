import type { Dialect } from '../../src/store/db.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { fc } from '../support/property.ts'
import * as account from './account.ts'
import { changeAddress, restoreAddress } from './address.ts'
import * as app from './app.ts'
import * as key from './key.ts'
import { flood } from './mail.ts'
import * as operator from './operator.ts'
import * as proofs from './proofs.ts'
import { DAY, HOUR, MINUTE, type Person, SECOND } from './rules.ts'
import * as signIn from './sign-in.ts'
import { ADDRESSES, type App, BROWSERS, compare, DOMAIN, type Tab, turn, type World } from './world.ts'

/** One call of somebody, or a move of the clock. The numbers choose among what there is. */
export interface Step {
  call: keyof typeof CALLS
  who: number
  whom: number
  how: number
  /** The other process gets the call. */
  isTurned: boolean
}

type Call = (
  world: World,
  at: { tab: Tab; other: Tab; app: App | undefined; person: Person | undefined; step: Step },
) => Promise<unknown>

const withPerson =
  (act: (world: World, person: Person, how: number) => Promise<unknown>): Call =>
  async (world, { person, step }) =>
    person && person.id !== '' ? await act(world, person, step.how) : undefined

const withApp =
  (act: (world: World, held: App, how: number) => Promise<unknown>): Call =>
  async (world, { app: held, step }) =>
    held ? await act(world, held, step.how) : undefined

/** Calls something with one of those that there are, the newest more often. */
const withOne = async <Thing>(
  those: readonly Thing[],
  { who, how }: Step,
  act: (one: Thing) => Promise<unknown>,
): Promise<unknown> => {
  const one = those.at(how % 2 ? -1 - who : -1)
  return one === undefined ? undefined : await act(one)
}

/** How many time steps the clock of a phone is ahead. */
const AHEAD = [0, 0, 0, 0, 0, 1, -1, 2] as const
const SIGN_UPS = ['open', 'open', 'open', 'open', 'domains', 'invite', 'invite', 'closed'] as const
/** How far behind the newest refresh token is the one that an app presents. */
const BACK = [0, 0, 0, 0, 1, 1, 2, 3] as const
const MOVES = [SECOND, 11 * SECOND, 31 * SECOND, 31 * SECOND, 6 * MINUTE, 11 * MINUTE, 2 * HOUR, 16 * DAY]

const CALLS = {
  begin: (world, { tab, step }) => signIn.begin(world, tab, step.whom),
  'ask again': (world, { tab }) => signIn.askAgain(world, tab),
  'type the code': (world, { tab }) => signIn.typeCode(world, tab, true),
  'sign in by code': async (world, { tab, step }) => {
    await passTime(world, 31 * SECOND)
    await signIn.begin(world, tab, step.whom)
    await signIn.typeCode(world, tab, true)
  },
  'type a wrong code': (world, { tab }) => signIn.typeCode(world, tab, false),
  'open the link': (world, { tab, other, step }) => signIn.openLink(world, tab, step.how % 3 === 0 ? other : tab),
  'type a code elsewhere': (_, { tab, other, step }) =>
    signIn.typeCodeElsewhere(tab, step.how % 2 ? other.completed : other.attempts[0]),
  'accept an invitation': (world, { tab, step }) =>
    withOne(world.invitations, step, (each) => signIn.acceptInvitation(world, tab, each)),
  'prove TOTP': (world, { tab, person, step }) =>
    after(person, (of) => proofs.proveTotp(world, tab, { of, ahead: AHEAD[step.how] ?? 0 })),
  'prove TOTP after the clock was put back': async (world, { tab, step }) => {
    const of = tab.session?.person
    if (world.isTurnedBack || step.how > 3 || !of) return
    await account.enrolTotp(world, tab)
    await turnBack(world)
    await signIn.begin(world, tab, of.address)
    await signIn.typeCode(world, tab, true)
    await proofs.proveTotp(world, tab, { of, ahead: 0 })
  },
  'prove a recovery code': (world, { tab, person }) => after(person, (of) => proofs.proveRecoveryCode(world, tab, of)),
  'prove a passkey': (world, { tab, person, step }) =>
    after(person, (of) => proofs.provePasskey(world, tab, of, step.how % 2 === 0)),
  'enrol a passkey': (world, { tab }) => account.enrolPasskey(world, tab),
  'enrol TOTP': (world, { tab, step }) =>
    step.how % 2 ? account.enrolTotp(world, tab) : account.enrolTotpOnPages(world, tab),
  'enrol after an operator moved the user off the mailbox': async (world, { tab, step }) => {
    await passTime(world, 31 * SECOND)
    await signIn.begin(world, tab, step.whom)
    await signIn.typeCode(world, tab, true)
    await after(tab.session?.person, (of) =>
      operator.setAddress(world, of, {
        address: (of.address + 1 + (step.how % 3)) % ADDRESSES.length,
        isVerified: true,
      }),
    )
    await compare(world)
    await (step.how % 2 ? account.enrolTotp(world, tab) : account.enrolTotpOnPages(world, tab))
  },
  'sign in at an unproven address of an operator': async (world, { tab, step }) => {
    await after(tab.session?.person, async (of) => {
      await account.enrolTotp(world, tab)
      await operator.setAddress(world, of, {
        address: (of.address + 1 + (step.how % 3)) % ADDRESSES.length,
        isVerified: false,
      })
      await passTime(world, 31 * SECOND)
      await signIn.begin(world, tab, of.address)
      await signIn.typeCode(world, tab, true)
    })
  },
  'remake codes': (world, { tab }) => account.remakeCodes(world, tab),
  'change by the token of a cookie': (world, { tab }) => account.changeByCookieToken(world, tab),
  'remove a factor': (world, { tab, step }) => account.removeFactor(world, tab, step.how % 2 ? 'passkey' : 'totp'),
  'step up': (world, { tab, step }) =>
    account.stepUpWith(world, tab, (['email', 'otp', 'recovery_code', 'passkey'] as const)[step.how % 4] ?? 'email'),
  'change the address': (world, { tab, step }) => changeAddress(world, tab, step.whom),
  'restore an address': (world, { tab, step }) =>
    withOne(world.changes, step, (each) => restoreAddress(world, tab, each)),
  'sign out': (world, { tab, step }) =>
    account.signOut(world, tab, (['current', 'others', 'all'] as const)[step.how % 3] ?? 'all'),
  'disown a sign-in': (world, { tab, other }) => account.disown(world, tab, other),
  'delete the account': (world, { tab, step }) => (step.how === 0 ? account.deleteAccount(world, tab) : nothing()),
  'app: sign in': (world, { step }) => app.signIn(world, step.whom),
  'app: refresh': withApp((world, held, how) => app.refresh(world, held, BACK[how % 8] ?? 0, how % 3 === 0)),
  'app: present an old token after the clock was put back': withApp(async (world, held, how) => {
    if (world.isTurnedBack || how > 3) return
    await passTime(world, 2 * DAY)
    await app.refresh(world, held, 0, false)
    await compare(world)
    await turnBack(world)
    await app.refresh(world, held, 1, false)
  }),
  'app: step up': withApp((world, held, how) => app.stepUp(world, held, how % 2 === 0)),
  'app: step up by the authenticator app': withApp((world, held, how) =>
    app.stepUpByTotp(world, held, how % 4 === 0 ? held.former : held.access),
  ),
  'app: step up by a new factor, and change': async (world, { tab, step }) => {
    await passTime(world, 31 * SECOND)
    await app.signIn(world, step.whom)
    await passTime(world, 31 * SECOND)
    await signIn.begin(world, tab, step.whom)
    await signIn.typeCode(world, tab, true)
    await account.enrolTotp(world, tab)
    await passTime(world, 31 * SECOND)
    const held = world.apps.find(({ session }) => session.person === tab.session?.person)
    if (!held) return
    await app.stepUpByTotp(world, held, held.access)
    await compare(world)
    await app.change(world, held, step.how % 2 ? held.former : held.access)
    await app.change(world, held, held.former)
  },
  'app: change': withApp((world, held, how) => app.change(world, held, how % 2 ? held.former : held.access)),
  'app: present a replaced token': withApp((world, held) => app.presentReplaced(world, held)),
  'app: revoke': withApp((world, held, how) => (how === 0 ? app.revoke(world, held) : nothing())),
  'operator: disable': withPerson((world, person, how) => (how < 3 ? operator.disable(world, person) : nothing())),
  'operator: enable': withPerson((world, person) => operator.enable(world, person)),
  'operator: delete': withPerson((world, person, how) => (how === 0 ? operator.remove(world, person) : nothing())),
  'operator: set an address': withPerson((world, person, how) =>
    operator.setAddress(world, person, { address: how % ADDRESSES.length, isVerified: how % 2 === 0 }),
  ),
  'operator: policy': (world, { step }) => operator.setPolicy(world, step.how % 3 ? 'optional' : 'required'),
  'operator: sign-up': (world, { step }) => operator.setSignUp(world, SIGN_UPS[step.how] ?? 'open'),
  'operator: TOTP first': (world, { step }) => operator.setTotpFirst(world, step.how % 2 === 0),
  'operator: add': (world, { step }) => operator.add(world, step.whom, step.how % 2 === 0),
  'operator: invite': (world, { step }) => operator.invite(world, step.whom),
  'operator: create a key': (world, { step }) => key.create(world, step.how),
  'operator: revoke a key': (world, { step }) => withOne(world.keys, step, (each) => key.revoke(world, each)),
  'use a key': (world, { step, person, app: held }) =>
    withOne(world.keys, step, (each) => key.use(world, each, { person, app: held, how: step.how })),
  'operator: own policy': withPerson((world, person, how) =>
    operator.setOwnPolicy(world, person, (['optional', 'required', null] as const)[how % 3] ?? null),
  ),
  'operator: lockdown': (world, { step }) => operator.lockDown(world, step.how === 0),
  'operator: lock down what was handed out': async (world, { tab, person, step }) => {
    await passTime(world, 31 * SECOND)
    await signIn.begin(world, tab, step.whom)
    await after(person, (of) => operator.makeLink(world, of, undefined))
    await operator.lockDown(world, step.how === 0)
    await signIn.typeCode(world, tab, true)
    await compare(world)
    await withOne(world.recoveryLinks, { ...step, how: 0 }, (each) => operator.recover(world, tab, each))
  },
  'operator: end the lockdown': (world) => operator.unlock(world),
  'operator: revoke all': (world, { step }) => (step.how === 0 ? operator.revokeAll(world) : nothing()),
  'operator: reset the app': withPerson((world, person) => operator.resetApp(world, person)),
  'operator: make a recovery link': withPerson((world, person, how) =>
    operator.makeLink(world, person, how % 2 ? 'totp' : undefined),
  ),
  'use a recovery link': (world, { tab, step }) =>
    withOne(world.recoveryLinks, step, (each) => operator.recover(world, tab, each)),
  'recover by a link': (world, { tab, person, step }) =>
    after(person, async (of) => {
      await operator.makeLink(world, of, step.how % 2 ? 'totp' : undefined)
      await withOne(world.recoveryLinks, { ...step, how: 0 }, (each) => operator.recover(world, tab, each))
    }),
  'join by an invitation': async (world, { tab, step }) => {
    await passTime(world, 31 * SECOND)
    await operator.invite(world, step.whom)
    if (step.how > 5) await passTime(world, 2 * HOUR)
    await withOne(world.invitations, { ...step, how: 0 }, (each) => signIn.acceptInvitation(world, tab, each))
    if (step.how > 5) await signIn.begin(world, tab, step.whom)
    await signIn.typeCode(world, tab, true)
  },
  'change and restore the address': async (world, { tab, other, step }) => {
    await changeAddress(world, tab, (step.whom + 1 + (step.how % 3)) % ADDRESSES.length)
    if (step.how < 2) await account.enrolTotp(world, tab)
    await compare(world)
    await withOne(world.changes, { ...step, how: 0 }, (each) => restoreAddress(world, other, each))
  },
  'a stranger floods': (world, { step }) => flood(world, step.whom),
  'time passes': (world, { step }) => passTime(world, MOVES[step.how % MOVES.length] ?? SECOND),
  'the clock is put back': (world, { step }) => (step.how < 3 ? turnBack(world) : nothing()),
} satisfies Record<string, Call>

const nothing = async (): Promise<void> => undefined

async function after(person: Person | undefined, act: (person: Person) => Promise<unknown>): Promise<unknown> {
  return person && person.id !== '' ? await act(person) : undefined
}

async function passTime(world: World, ms: number): Promise<void> {
  world.authd.clock.advance(ms)
  world.now = world.authd.clock.now()
}

async function turnBack(world: World): Promise<void> {
  if (world.isTurnedBack) return
  world.isTurnedBack = true
  await passTime(world, -DAY)
}

/** How often each call comes, where it is not once. Rare calls end much of what the others have built up. */
const WEIGHTS: Partial<Record<keyof typeof CALLS, number>> = {
  ...{ begin: 4, 'type the code': 6, 'sign in by code': 14, 'open the link': 3, 'prove TOTP': 8, 'prove a passkey': 6 },
  ...{ 'prove a recovery code': 4, 'enrol TOTP': 8, 'enrol a passkey': 5, 'step up': 8, 'remove a factor': 2 },
  ...{ 'app: sign in': 4, 'app: refresh': 8, 'app: step up': 4, 'time passes': 12, 'ask again': 3 },
  ...{ 'operator: lockdown': 3, 'operator: end the lockdown': 4, 'recover by a link': 3, 'join by an invitation': 3 },
  ...{ 'change and restore the address': 4, 'operator: sign-up': 3, 'the clock is put back': 3 },
  ...{ 'operator: lock down what was handed out': 3, 'app: present an old token after the clock was put back': 4 },
  ...{ 'app: step up by the authenticator app': 4, 'app: change': 4, 'app: step up by a new factor, and change': 4 },
  ...{ 'change by the token of a cookie': 3, 'operator: set an address': 2 },
  ...{ 'prove TOTP after the clock was put back': 3, 'enrol after an operator moved the user off the mailbox': 2 },
  ...{ 'sign in at an unproven address of an operator': 3, 'type a code elsewhere': 4 },
  ...{ 'restore an address': 2, 'change the address': 2, 'use a key': 4, 'operator: create a key': 2 },
}

const step: fc.Arbitrary<Step> = fc
  .record({
    call: fc.constantFrom(
      ...(Object.keys(CALLS) as (keyof typeof CALLS)[]).flatMap((call) => Array(WEIGHTS[call] ?? 1).fill(call)),
    ),
    who: fc.nat({ max: BROWSERS - 1 }),
    whom: fc.nat({ max: ADDRESSES.length - 1 }),
    isOwn: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
    how: fc.nat({ max: 7 }),
    isTurned: fc.boolean(),
  })
  // Most people use their own browser, or the walks would hardly meet anybody again.
  .map(({ isOwn, ...each }) => ({ ...each, whom: isOwn ? each.who : each.whom }))

const NO_LIMIT = 1_000_000

/** Only the limit on mails is in the model. The others have tests of their own. */
const startForWalk = (database: Dialect): Promise<Authd> =>
  startAuthd({
    database,
    config: {
      limits: { requests_per_minute: NO_LIMIT, guesses_per_hour: NO_LIMIT, mails_per_hour: 10 },
      signup: { domains: [DOMAIN] },
      server: { trusted_proxies: ['127.0.0.1'] },
    },
  })

const STEPS_PER_WALK = 50
/** Shortening a failed walk ends then. */
const SHORTEN_MS = 100 * SECOND

/**
 * Takes random walks on fresh databases, which SEED chooses. Throws at the first that fails, with the fewest of its steps
 * that fail as well.
 */
export async function explore(database: Dialect, count: number): Promise<void> {
  const walks = fc.array(step, { minLength: STEPS_PER_WALK, maxLength: STEPS_PER_WALK, size: 'max' })
  for (const [index, steps] of fc.sample(walks, count).entries()) {
    const cause = await failureOf(database, steps)
    if (cause === undefined) continue
    const fewest = await shorten(steps, async (fewer) => (await failureOf(database, fewer)) !== undefined)
    const text = fewest.map((each) => JSON.stringify(each)).join(',\n')
    throw new Error(`walk ${index + 1} of seed ${fc.readConfigureGlobal().seed} fails, and so do:\n${text}`, { cause })
  }
}

async function failureOf(database: Dialect, steps: readonly Step[]): Promise<unknown> {
  try {
    await walk(database, steps)
  } catch (error) {
    return error
  }
  return undefined
}

/** Leaves out as many steps as it can, first many at once. */
async function shorten(all: readonly Step[], fails: (steps: readonly Step[]) => Promise<boolean>): Promise<Step[]> {
  const endsAt = performance.now() + SHORTEN_MS
  let steps = [...all]
  for (let size = STEPS_PER_WALK / 2; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < steps.length && performance.now() < endsAt; ) {
      const fewer = steps.toSpliced(at, size)
      if (await fails(fewer)) steps = fewer
      else at += size
    }
  }
  return steps
}

/** Takes the steps on a fresh authd and in the model, and compares after each. */
async function walk(database: Dialect, steps: readonly Step[]): Promise<void> {
  const authd = await startForWalk(database)
  const instances = [authd, await authd.another()]
  const tab = (_: unknown, at: number): Tab => {
    const client = authd.browser()
    client.ip = `203.0.113.${at}`
    return { client, attempts: [], completed: undefined, session: undefined, known: new Set() }
  }
  const world: World = {
    ...{ instances, authd, now: authd.clock.now(), policy: 'optional', signUp: 'open', isTotpFirst: false },
    ...{ isLockedDown: false, changes: [], invitations: [], recoveryLinks: [], keys: [], people: [], apps: [] },
    ...{ tabs: Array.from({ length: BROWSERS }, tab), devices: new Map(), totpSecrets: new Map() },
    ...{ recoveryCodes: new Map(), sessions: [], attempts: [], mailed: [], wrongs: 0, marks: 0, isTurnedBack: false },
  }
  try {
    await take(world, steps)
  } finally {
    for (const each of instances.toReversed()) await each.stop()
  }
}

async function take(world: World, steps: readonly Step[]): Promise<void> {
  for (const each of steps) {
    const [own, other] = [world.tabs[each.who], world.tabs[(each.who + 1) % BROWSERS]]
    if (!own || !other) continue
    const person = world.people.find(({ address }) => address === each.whom)
    const call: Call = CALLS[each.call]
    if (each.isTurned) turn(world)
    await call(world, { tab: own, other, app: world.apps[each.who], person, step: each })
    await compare(world)
  }
}
