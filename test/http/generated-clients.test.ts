import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { addWebhook } from '../../src/flows/outbox/webhook-endpoint.ts'
import { EVENTS, SYSTEM } from '../../src/flows/record-event.ts'
import { wholeDocument } from '../../src/http/app.ts'
import { startAuthd } from '../support/harness.ts'
import { type Document, inlined, type Operation, type Response, resolve, type Schema } from '../support/openapi.ts'
import { signInForTokens } from '../support/people.ts'
import { webhookReceiver } from '../support/webhook-receiver.ts'

const DOCUMENT = wholeDocument({ publicUrl: 'https://auth.example.com', version: '0' }) as Document
const { schemas } = DOCUMENT.components
const OPERATIONS = Object.values(DOCUMENT.paths).flatMap((path) => Object.values(path))
const HOOKS = Object.values(DOCUMENT.webhooks).map(({ post }) => post)

/** All schemas below these, with the path to each. References are not followed. */
function within(parts: Record<string, Schema>): [string, Schema][] {
  return Object.entries(parts).flatMap(([path, schema]): [string, Schema][] => {
    const { properties = {}, items, oneOf = [], anyOf = [] } = schema
    const inner = {
      ...Object.fromEntries(Object.entries(properties).map(([name, one]) => [`${path}.${name}`, one as Schema])),
      ...(items && { [`${path}[]`]: items as Schema }),
      ...Object.fromEntries([...oneOf, ...anyOf].map((one, at) => [`${path}|${at}`, one as Schema])),
    }
    return [[path, schema], ...within(inner)]
  })
}

/** The names of the schemas that a schema refers to, and that those refer to. */
function reached(schema: Schema, found = new Set<string>()): Set<string> {
  for (const [, one] of within({ '': schema })) {
    const name = one.$ref?.split('/').at(-1)
    if (name === undefined || found.has(name)) continue
    found.add(name)
    reached(schemas[name] ?? {}, found)
  }
  return found
}

function named(bodies: Schema[]): Record<string, Schema> {
  const names = new Set(bodies.flatMap((one) => [...reached(one)]))
  return Object.fromEntries([...names].map((name) => [name, schemas[name] ?? {}]))
}

function bodiesOf(content: Response['content'] = {}): Schema[] {
  return Object.values(content).map(({ schema }) => schema)
}

const answersOf = ({ responses }: Operation) =>
  Object.values(responses).flatMap((response) => bodiesOf(resolve<Response>(DOCUMENT, response).content))
const ANSWERS = [...OPERATIONS.flatMap(answersOf), { $ref: '#/components/schemas/WebhookEvent' }]
const REQUESTS = OPERATIONS.flatMap(({ requestBody }) => bodiesOf(requestBody?.content))
const IN_REQUESTS = named(REQUESTS)
const IN_ANSWERS = named(ANSWERS)
const ALL = within(schemas)

describe('for generators of clients, the OpenAPI document', () => {
  test('names every body of a request, and every body of a response or the entries of a list', () => {
    const names = [...REQUESTS, ...ANSWERS].map((body) => (body.items as Schema | undefined)?.$ref ?? body.$ref)

    expect(names.filter((name) => name === undefined)).toEqual([])
  })

  test('has no objects within objects that have no name', () => {
    const unnamed = ALL.filter(([path, { properties }]) => properties !== undefined && schemas[path] === undefined)

    expect(unnamed).toEqual([])
  })

  test('names each schema by a type of its own, and uses each', () => {
    expect(Object.keys({ ...IN_REQUESTS, ...IN_ANSWERS }).sort()).toEqual(Object.keys(schemas).sort())
    expect(Object.keys(schemas).filter((name) => !/^([A-Z][a-z]*)+$/.test(name.replace('OAuth', 'Oauth')))).toEqual([])
    // oapi-codegen has types of these names for each operation.
    expect(Object.keys(schemas).filter((name) => /(Response|Params|RequestBody)$/.test(name))).toEqual([])
  })

  test('describes every field, and every parameter', () => {
    const fields = ALL.flatMap(([path, { properties = {} }]) =>
      Object.entries(properties).map(([name, one]) => ({ at: `${path}.${name}`, schema: one as Schema })),
    )
    const told = ({ description, ...schema }: Schema) => description ?? resolve<Schema>(DOCUMENT, schema).description
    const parameters = OPERATIONS.flatMap(({ operationId, parameters = [] }) =>
      parameters.map((one) => ({ at: `${operationId} ${one.name}`, schema: one as Schema })),
    )

    expect([...fields, ...parameters].filter(({ schema }) => !told(schema)).map(({ at }) => at)).toEqual([])
    expect(Object.entries(schemas).filter(([name, one]) => !one.description && IN_ANSWERS[name])).toEqual([])
  })

  test('has 64 bits for every integer', () => {
    const integers = ALL.filter(([, { type }]) => [type].flat().includes('integer'))

    expect(integers.filter(([, { format }]) => format !== 'int64')).toEqual([])
    expect(integers.length).toBeGreaterThan(20)
  })

  test('has alternatives only where one field tells them apart by one text for each', () => {
    const alternatives = ALL.filter(([, { oneOf, anyOf }]) => oneOf ?? anyOf)

    expect(alternatives.map(([path]) => path)).toEqual(['LinkResult', 'SignInResult'])
    for (const [, schema] of alternatives) {
      const { propertyName, mapping } = schema['discriminator'] as { propertyName: string; mapping: object }
      const branches = schema.oneOf?.map((branch) => {
        const { properties = {}, required } = resolve<Schema>(DOCUMENT, branch as Schema)
        expect(required).toContain(propertyName)
        return [(properties[propertyName] as Schema).const, (branch as Schema).$ref]
      })
      expect(Object.entries(mapping)).toEqual(branches)
    }
  })

  test('leaves responses open for new fields and values', () => {
    const answers = within(IN_ANSWERS)

    expect(answers.filter(([, { additionalProperties }]) => additionalProperties === false)).toEqual([])
    expect(answers.filter(([, schema]) => schema.enum)).toEqual([])
    for (const [path, { 'x-extensible-enum': known = [], description = '' }] of answers) {
      for (const value of known) expect([path, description]).toEqual([path, expect.stringContaining(`\`${value}\``)])
    }
  })

  test('keeps requests strict, apart from the forms of OAuth libraries', () => {
    const open = within(IN_REQUESTS).filter(
      ([, { properties, additionalProperties }]) => properties && additionalProperties !== false,
    )

    expect(open.map(([path]) => path)).toEqual(['RefreshTokensForm', 'RevokeTokenForm', 'IntrospectTokenForm'])
  })

  test('says that a body is required where a field is', () => {
    const wrong = OPERATIONS.filter(({ requestBody }) => {
      const [body] = bodiesOf(requestBody?.content)
      return body && requestBody?.required !== (resolve<Schema>(DOCUMENT, body).required ?? []).length > 0
    })

    expect(wrong).toEqual([])
  })

  test('uses each security scheme, and no other', () => {
    const { securitySchemes } = DOCUMENT.components as unknown as { securitySchemes: object }
    const used = OPERATIONS.flatMap(({ security }) => security.flatMap((one) => Object.keys(one)))

    expect([...new Set(used)].sort()).toEqual(Object.keys(securitySchemes).sort())
  })

  test('has a webhook for each type of event', () => {
    expect(Object.keys(DOCUMENT.webhooks)).toEqual(Object.keys(EVENTS))
    const ids = [...OPERATIONS, ...HOOKS].map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('describes webhooks as receivers get them', async () => {
    const authd = await startAuthd()
    const receiver = await webhookReceiver()
    await addWebhook(authd.deps, SYSTEM, { url: receiver.url, description: '', events: ['*'], allowsPrivate: true })
    await signInForTokens(authd)
    await authd.sendWebhooks()

    const event = z.fromJSONSchema(inlined(DOCUMENT, schemas['WebhookEvent'] ?? {}, { isClosed: true }))
    const bodies = receiver.received.map(({ body }) => JSON.parse(body))
    expect(bodies.length).toBeGreaterThan(2)
    expect(bodies.filter((body) => !event.safeParse(body).success)).toEqual([])
    expect(bodies.filter(({ type }) => DOCUMENT.webhooks[type] === undefined)).toEqual([])
  })

  test('keeps its operation ids, by which clients call', () => {
    expect(OPERATIONS.map(({ operationId }) => operationId)).toMatchInlineSnapshot(`
      [
        "signIn",
        "sendSignInMail",
        "redeemLink",
        "redeemCode",
        "beginPasskeySignIn",
        "redeemPasskey",
        "redeemTotp",
        "redeemRecoveryCode",
        "sendStepUpMail",
        "stepUpWithCode",
        "stepUpWithTotp",
        "stepUpWithRecoveryCode",
        "beginPasskeyStepUp",
        "stepUpWithPasskey",
        "getSession",
        "signOut",
        "listMySessions",
        "endMySession",
        "getMe",
        "updateMe",
        "deleteMe",
        "exportMe",
        "beginEmailChange",
        "confirmEmailChange",
        "listMyPasskeys",
        "addMyPasskey",
        "beginPasskeyEnrolment",
        "renameMyPasskey",
        "removeMyPasskey",
        "beginTotpEnrolment",
        "removeMyTotp",
        "confirmTotpEnrolment",
        "createRecoveryCodes",
        "refreshTokens",
        "issueAccessToken",
        "revokeToken",
        "introspectToken",
        "getJwks",
        "getIssuerMetadata",
        "getRelatedOrigins",
        "getPasskeyEndpoints",
        "listUsers",
        "addUser",
        "getUser",
        "updateUser",
        "deleteUser",
        "disableUser",
        "enableUser",
        "unlockUser",
        "listUserSessions",
        "revokeUserSessions",
        "revokeSession",
        "listAuditEvents",
        "getAuditEvent",
        "getStats",
        "listMails",
        "retryMail",
        "cancelMail",
        "listMailSuppressions",
        "clearMailSuppression",
        "listWebhooks",
        "addWebhook",
        "getWebhook",
        "updateWebhook",
        "removeWebhook",
        "rotateWebhookSecret",
        "testWebhook",
        "listWebhookDeliveries",
        "getWebhookDelivery",
        "redeliverWebhook",
        "listIpFilters",
        "addIpFilter",
        "removeIpFilter",
        "listLockouts",
        "listSettings",
        "setSetting",
        "unsetSetting",
        "getLiveness",
        "getHealth",
        "getReadiness",
        "getOpenApi",
      ]
    `)
  })
})
