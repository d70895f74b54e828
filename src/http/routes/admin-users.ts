import { z } from 'zod'
import { REQUEST_ROWS } from '../../flows/pagination.ts'
import { unlockUsers } from '../../flows/policy/lockout-admin.ts'
import { addUsers } from '../../flows/users/add.ts'
import { removeUser } from '../../flows/users/delete.ts'
import { disableUsers, enableUsers } from '../../flows/users/disable.ts'
import { findUserWithFactors, listUsersWithFactors } from '../../flows/users/list.ts'
import { updateUser } from '../../flows/users/update.ts'
import { emailField } from '../../resources/email.ts'
import { listedUserResource, presentListedUser } from '../../resources/user.ts'
import { type Endpoint, endpoint } from '../endpoint/endpoint.ts'
import { cursorField, limitField, PART_TEXT, paginationHeaders, TOTAL_TEXT } from './admin-pagination.ts'

/** Beyond it a database reads more than it answers: go on with the cursor of `Link`. */
const MOST_OFFSET = 10_000

const nameField = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .nullable()
  .meta({ examples: ['Ada Lovelace'] })
const reasonField = z.string().trim().min(1).max(500)
const read = { guard: { scope: 'users:read' }, tag: 'Admin: users' } as const
const write = { guard: { scope: 'users:write' }, tag: 'Admin: users' } as const
const one = { 200: { text: 'The person.', schema: listedUserResource } }

const list = endpoint({
  ...read,
  method: 'GET',
  path: '/admin/users',
  summary: 'Who is there, newest first.',
  query: z.strictObject({
    limit: limitField,
    offset: z.coerce.number().int().min(0).max(MOST_OFFSET).default(0),
    cursor: cursorField,
    q: z
      .string()
      .max(200)
      .optional()
      .describe('Part of an address or name; a whole address finds that person at once.'),
    status: z.enum(['active', 'invited', 'disabled']).optional(),
  }),
  answers: {
    200: { text: `${PART_TEXT} ${TOTAL_TEXT}`, schema: z.array(listedUserResource) },
  },
  async handle(deps, { query }) {
    const { limit, offset, cursor: before, q: search, status } = query
    const pagination = { limit, offset, before, within: REQUEST_ROWS }
    const { rows, total, nextCursor } = await listUsersWithFactors(deps, { search, status }, pagination)
    const kept = { limit, ...(search !== undefined && { q: search }), ...(status && { status }) }
    const headers = paginationHeaders({ total, nextCursor, kept })
    return { status: 200, headers, body: rows.map(presentListedUser) }
  },
})

const show = endpoint({
  ...read,
  method: 'GET',
  path: '/admin/users/:id',
  summary: 'One person.',
  answers: one,
  errors: ['USER_NOT_FOUND'],
  async handle(deps, { params }) {
    return { status: 200, body: presentListedUser(await findUserWithFactors(deps, params.id)) }
  },
})

const add = endpoint({
  ...write,
  method: 'POST',
  path: '/admin/users',
  summary: 'Add a person. They sign in by mail like everybody.',
  body: {
    type: 'json',
    schema: z.strictObject({
      email: emailField,
      name: nameField.default(null),
      email_verified: z.boolean().default(false).describe('You know the address to be theirs.'),
    }),
  },
  answers: { 201: { text: 'The person.', schema: listedUserResource } },
  errors: ['CONFLICT'],
  async handle(deps, { body, actor }) {
    const input = { emails: [body.email], name: body.name, isVerified: body.email_verified, mayExist: false }
    const [added] = await addUsers(deps, actor, input)
    return { status: 201, body: presentListedUser(await findUserWithFactors(deps, added?.user.id ?? '')) }
  },
})

const change = endpoint({
  ...write,
  method: 'PATCH',
  path: '/admin/users/:id',
  summary: 'Change a person: all of it, or nothing.',
  body: {
    type: 'json',
    schema: z.strictObject({
      name: nameField.optional(),
      email: emailField.optional(),
      email_verified: z.boolean().default(false).describe('With email: you know the new address to be theirs.'),
      mfa_policy: z
        .enum(['optional', 'required'])
        .nullable()
        .optional()
        .meta({ examples: ['required'] }),
    }),
  },
  answers: one,
  errors: ['USER_NOT_FOUND', 'CONFLICT'],
  async handle(deps, { params, body, actor }) {
    const { user } = await findUserWithFactors(deps, params.id)
    const { name, email, mfa_policy: mfaPolicy, email_verified: isVerified } = body
    await updateUser(deps, actor, { user: user.id, name, email, mfaPolicy, isVerified })
    return { status: 200, body: presentListedUser(await findUserWithFactors(deps, user.id)) }
  },
})

const remove = endpoint({
  ...write,
  method: 'DELETE',
  path: '/admin/users/:id',
  summary: 'Remove a person and everything of theirs.',
  answers: { 204: { text: 'Removed.' } },
  errors: ['USER_NOT_FOUND'],
  async handle(deps, { params, actor }) {
    const { user } = await findUserWithFactors(deps, params.id)
    await removeUser(deps, actor, user)
    return { status: 204 }
  },
})

/** What is done to a person, each under its own verb. */
function act(verb: 'disable' | 'enable' | 'unlock', summary: string): Endpoint {
  return endpoint({
    ...write,
    method: 'POST',
    path: `/admin/users/:id/${verb}`,
    summary,
    body: {
      type: 'json',
      schema: z.strictObject({
        reason: reasonField
          .nullable()
          .default(null)
          .meta({ examples: ['asked for on the phone'] }),
      }),
    },
    answers: one,
    errors: ['USER_NOT_FOUND'],
    async handle(deps, { params, body: { reason }, actor: by }) {
      const { user } = await findUserWithFactors(deps, params.id)
      const names = [user.id]
      const actor = reason === null ? by : { ...by, metadata: { ...by.metadata, reason } }
      if (verb === 'disable') await disableUsers(deps, actor, { names, reason })
      else if (verb === 'enable') await enableUsers(deps, actor, { names })
      else await unlockUsers(deps, actor, names)
      return { status: 200, body: presentListedUser(await findUserWithFactors(deps, user.id)) }
    },
  })
}

export const adminUserEndpoints = [
  list,
  show,
  add,
  change,
  remove,
  act('disable', 'Stop a person from signing in, and end their sessions.'),
  act('enable', 'Let a person sign in again.'),
  act('unlock', 'Lift what wrong codes hold up.'),
]
