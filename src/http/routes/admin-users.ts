import { z } from 'zod'
import { REQUEST_ROWS } from '../../flows/pagination.ts'
import { unlockUsers } from '../../flows/policy/lockout-admin.ts'
import { addUsers } from '../../flows/users/add.ts'
import { removeUser } from '../../flows/users/delete.ts'
import { disableUsers, enableUsers } from '../../flows/users/disable.ts'
import { findUserWithFactors, listUsersWithFactors } from '../../flows/users/list.ts'
import { updateUser } from '../../flows/users/update.ts'
import { emailField } from '../../resources/email.ts'
import { typedText } from '../../resources/text-fields.ts'
import { listedUserResource, presentListedUser } from '../../resources/user.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { COUNTED_PART, cursorField, limitField, paginationHeaders } from './admin-pagination.ts'

/** Above it, the database reads far more rows than it returns. The cursor in `Link` has no such limit. */
const MOST_OFFSET = 10_000

const nameField = typedText('user_name')
  .nullable()
  .meta({ examples: ['Ada Lovelace'] })
  .describe('The name of the user.')
const reasonField = typedText('reason')
const read = { guard: { scope: 'users:read' }, tag: 'Admin: users' } as const
const write = { guard: { scope: 'users:write' }, tag: 'Admin: users' } as const
const one = { 200: { text: 'The user.', schema: listedUserResource } }

const list = endpoint({
  ...read,
  name: 'listUsers',
  method: 'GET',
  path: '/admin/users',
  summary: 'List users, newest first.',
  query: z.strictObject({
    limit: limitField,
    offset: z.coerce
      .number()
      .int()
      .min(0)
      .max(MOST_OFFSET)
      .default(0)
      .describe('How many users to skip. `cursor` is faster.'),
    cursor: cursorField,
    q: z.string().max(200).optional().describe('Part of an address or name. A whole address finds that user directly.'),
    status: z.enum(['active', 'invited', 'disabled']).optional().describe('Only users with this status.'),
  }),
  answers: {
    200: { ...COUNTED_PART, schema: z.array(listedUserResource) },
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
  name: 'getUser',
  method: 'GET',
  path: '/admin/users/:id',
  summary: 'Return a user.',
  answers: one,
  errors: ['USER_NOT_FOUND'],
  async handle(deps, { params }) {
    return { status: 200, body: presentListedUser(await findUserWithFactors(deps, params.id)) }
  },
})

const add = endpoint({
  ...write,
  name: 'addUser',
  method: 'POST',
  path: '/admin/users',
  summary: 'Add a user, who then signs in by mail like any other.',
  body: {
    type: 'json',
    schema: z.strictObject({
      email: emailField.describe('The address of the user.'),
      name: nameField.default(null),
      email_verified: z.boolean().default(false).describe('You know that the address is theirs.'),
    }),
  },
  answers: { 201: { text: 'The user.', schema: listedUserResource } },
  errors: ['CONFLICT'],
  async handle(deps, { body, actor }) {
    const input = { emails: [body.email], name: body.name, isVerified: body.email_verified, mayExist: false }
    const [added] = await addUsers(deps, actor, input)
    return { status: 201, body: presentListedUser(await findUserWithFactors(deps, added?.user.id ?? '')) }
  },
})

const change = endpoint({
  ...write,
  name: 'updateUser',
  method: 'PATCH',
  path: '/admin/users/:id',
  summary: 'Change a user. If one change fails, none is made.',
  body: {
    type: 'json',
    schema: z.strictObject({
      name: nameField.optional(),
      email: emailField.optional().describe('The new address.'),
      email_verified: z.boolean().default(false).describe('With `email`: you know that the new address is theirs.'),
      mfa_policy: z
        .enum(['optional', 'required'])
        .nullable()
        .optional()
        .meta({ examples: ['required'] })
        .describe('`null`: the policy of the deployment applies.'),
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
  name: 'deleteUser',
  method: 'DELETE',
  path: '/admin/users/:id',
  summary: 'Delete a user and all their data.',
  answers: { 204: { text: 'Deleted.' } },
  errors: ['USER_NOT_FOUND'],
  async handle(deps, { params, actor }) {
    const { user } = await findUserWithFactors(deps, params.id)
    await removeUser(deps, actor, user)
    return { status: 204 }
  },
})

/** The acts on a user that have a verb of their own. */
function act(verb: 'disable' | 'enable' | 'unlock', summary: string) {
  return endpoint({
    ...write,
    name: `${verb}User`,
    method: 'POST',
    path: `/admin/users/:id/${verb}`,
    summary,
    body: {
      type: 'json',
      schema: z.strictObject({
        reason: reasonField
          .nullable()
          .default(null)
          .meta({ examples: ['asked for on the phone'] })
          .describe('Why, for the audit log.'),
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
  act('disable', 'Disable a user: end their sessions and block sign-ins.'),
  act('enable', 'Enable a disabled user.'),
  act('unlock', 'Unlock a user after too many wrong codes.'),
]
