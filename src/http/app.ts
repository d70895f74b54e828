import Koa from 'koa'
import type { Deps, EarlyDeps } from '../deps.ts'
import { AuthdError } from '../errors.ts'
import { ipMatcher } from '../platform/net/ip.ts'
import type { AnyEndpoint } from './endpoint/endpoint.ts'
import { mount } from './endpoint/mount.ts'

import { accessLog } from './middleware/access-log.ts'
import { adminOnly } from './middleware/admin-only.ts'
import { answerInTime } from './middleware/answer-in-time.ts'
import { bodyLimit } from './middleware/body-limit.ts'
import { clientAddress } from './middleware/client-address.ts'
import { compressPublic } from './middleware/compress-public.ts'
import { crossOrigin } from './middleware/cors.ts'
import { errors } from './middleware/errors.ts'
import { identify } from './middleware/identify.ts'
import { ipFilter } from './middleware/ip-filter.ts'
import { keyRefusals } from './middleware/key-refusals.ts'
import { metricsPage } from './middleware/metrics-page.ts'
import { oauthCalls } from './middleware/oauth-calls.ts'
import { publicPath } from './middleware/public-path.ts'
import { requestId } from './middleware/request-id.ts'
import { requestTarget } from './middleware/request-target.ts'
import { securityHeaders } from './middleware/security-headers.ts'
import { seenClient } from './middleware/seen-client.ts'
import { statedClient } from './middleware/stated-client.ts'
import { thisMachineOnly } from './middleware/this-machine-only.ts'
import { trace } from './middleware/trace.ts'
import { unclearClient } from './middleware/unclear-client.ts'
import { openApiDocument, openApiEndpoint } from './openapi/document.ts'
import { readBrand } from './pages/branding.ts'
import { assets, mountPages, PAGES, renderError } from './pages/mount.ts'
import { receiveBody } from './request/body.ts'
import type { Context } from './request/context.ts'
import { cookieNames } from './request/cookies.ts'
import { adminAuditEndpoints } from './routes/admin-audit.ts'
import { adminIpFilterEndpoints } from './routes/admin-ip-filters.ts'
import { adminLockoutEndpoints } from './routes/admin-lockouts.ts'
import { adminMailEndpoints } from './routes/admin-mail.ts'
import { adminSessionEndpoints } from './routes/admin-sessions.ts'
import { adminSettingEndpoints } from './routes/admin-settings.ts'
import { adminStatsEndpoints } from './routes/admin-stats.ts'
import { adminUserEndpoints } from './routes/admin-users.ts'
import { adminWebhookDeliveryEndpoints } from './routes/admin-webhook-deliveries.ts'
import { adminWebhookEndpoints } from './routes/admin-webhooks.ts'
import { meEndpoints } from './routes/me.ts'
import { myPasskeyEndpoints } from './routes/my-passkeys.ts'
import { mySessionEndpoints } from './routes/my-sessions.ts'
import { myTotpEndpoints } from './routes/my-totp.ts'
import { earlyProbes, type Lifecycle, probeEndpoints } from './routes/probe.ts'
import { sessionEndpoints } from './routes/session.ts'
import { signinEndpoints } from './routes/signin.ts'
import { signinFactorEndpoints } from './routes/signin-factor.ts'
import { stepupEndpoints } from './routes/stepup.ts'
import { tokenEndpoints } from './routes/token.ts'
import { METADATA_PATH, wellKnownEndpoints } from './routes/well-known.ts'

/** Made for each app, because `/admin/stats` caches its counts. */
const adminEndpoints = (): AnyEndpoint[] => [
  ...adminUserEndpoints,
  ...adminSessionEndpoints,
  ...adminAuditEndpoints,
  ...adminStatsEndpoints(),
  ...adminMailEndpoints,
  ...adminWebhookEndpoints,
  ...adminWebhookDeliveryEndpoints,
  ...adminIpFilterEndpoints,
  ...adminLockoutEndpoints,
  ...adminSettingEndpoints,
]

const API: AnyEndpoint[] = [
  ...signinEndpoints,
  ...signinFactorEndpoints,
  ...stepupEndpoints,
  ...sessionEndpoints,
  ...mySessionEndpoints,
  ...meEndpoints,
  ...myPasskeyEndpoints,
  ...myTotpEndpoints,
  ...tokenEndpoints,
]

/** All routes of the JSON API, including the probes. */
export function allEndpoints(lifecycle: Lifecycle): AnyEndpoint[] {
  return [...API, ...wellKnownEndpoints, ...adminEndpoints(), ...probeEndpoints(lifecycle)]
}

/** The OpenAPI document of this build, as `/openapi.json` serves it. */
export function wholeDocument(about: { publicUrl: string; version: string }): unknown {
  const lifecycle = { version: about.version, startedAt: 0, isStopping: () => false, isDevelopment: false }
  return openApiDocument([...allEndpoints(lifecycle), openApiEndpoint([], about)], about)
}

/** An app whose failures are logged, also those outside of its error handler. */
function emptyApp({ log }: Pick<Deps, 'log'>): Koa<Context['state'], Context> {
  const app = new Koa<Context['state'], Context>()
  app.silent = true
  app.use(requestTarget)
  app.on('error', (error: Error & { headerSent?: boolean }, { state }: Context) => {
    // A client that disconnects is not a failure.
    if (!error.headerSent) log.error('request failed', { request_id: state.requestId, route: state.route, error })
  })
  return app
}

/** The app that listens on `metrics.listen`. */
export function createMetricsApp(deps: Deps, lifecycle: Lifecycle): Koa<Context['state'], Context> {
  const app = emptyApp(deps)
  app.use(clientAddress(deps, () => false))
  app.use(requestId(deps))
  app.use(trace)
  app.use(errors(deps, renderError(deps)))
  app.use(answerInTime)
  app.use(thisMachineOnly(lifecycle))
  app.use(metricsPage(deps, { isOwnListener: true }))
  app.use(async () => {
    throw new AuthdError('NOT_FOUND')
  })
  return app
}

/**
 * The app of a daemon that waits for its database: 503 for everything but probes of the process. One line in the log
 * says why it waits, so its answers have none.
 */
export async function createWaitingApp(deps: EarlyDeps, lifecycle: Lifecycle): Promise<Koa<Context['state'], Context>> {
  const { publicUrl, server, signin, cors } = deps.config.current()
  const log = { ...deps.log, error() {} }
  const probes = earlyProbes(lifecycle, deps)
  const app = emptyApp(deps)
  app.use(clientAddress(deps, ipMatcher(server.trustedProxies)))
  app.use(requestId(deps))
  app.use(trace)
  app.use(await securityHeaders({ publicUrl, hsts: server.hsts, redirectUrls: signin.redirectUrls }))
  app.use(errors({ ...deps, log }, renderError(deps)))
  app.use(thisMachineOnly(lifecycle))
  app.use(crossOrigin(cors, [...API, ...wellKnownEndpoints]))
  app.use(async (ctx) => {
    const answer = probes[ctx.path]?.()
    if (answer === undefined) {
      ctx.state.isPage = ctx.accepts('json', 'html') === 'html'
      throw new AuthdError('UNAVAILABLE', { retryAfter: RETRY_AFTER_S })
    }
    ctx.status = answer.status
    ctx.body = answer.body
  })
  return app
}

/** How soon a client may ask a daemon again that waits for its database. */
const RETRY_AFTER_S = 5

/**
 * All middleware and routers, in the order that a request passes them. With `admin.listen`, the admin API has its own
 * listener and is absent from the main one.
 */
export async function createApp(
  deps: Deps,
  lifecycle: Lifecycle,
  { door = 'main' }: { door?: 'main' | 'admin' } = {},
): Promise<Koa<Context['state'], Context>> {
  const { publicUrl, server, signin, session, cors, admin } = deps.config.current()
  const isMain = door === 'main'
  const names = cookieNames({ publicUrl, session })
  const { origin } = new URL(publicUrl)
  const endpoints = allEndpoints(lifecycle)
  const document = openApiEndpoint(endpoints, { publicUrl, version: lifecycle.version })

  const app = emptyApp(deps)
  app.use(clientAddress(deps, ipMatcher(server.trustedProxies)))
  app.use(requestId(deps))
  app.use(trace)
  app.use(accessLog(deps))
  app.use(
    publicPath(
      publicUrl,
      METADATA_PATH,
      [...endpoints, ...PAGES].map(({ path }) => path),
    ),
  )
  app.use(compressPublic([...wellKnownEndpoints, document, ...PAGES]))
  app.use(await securityHeaders({ publicUrl, hsts: server.hsts, redirectUrls: signin.redirectUrls }))
  app.use(errors(deps, renderError(deps)))
  app.use(answerInTime)
  app.use(seenClient(deps))
  app.use(unclearClient)
  app.use(thisMachineOnly(lifecycle))
  app.use(crossOrigin(cors, [...API, ...wellKnownEndpoints, document]))
  app.use(mount(deps, probeEndpoints(lifecycle), names))
  app.use(metricsPage(deps))
  app.use(ipFilter(deps))
  if (isMain) {
    // The same for everybody, so nobody is identified and no body is read.
    app.use(mount(deps, [document, ...wellKnownEndpoints], names))
    app.use(assets(readBrand(deps.config.current().app)))
  }
  const allowedOrigins = new Set(cors.allowedOrigins)
  app.use(oauthCalls(endpoints))
  app.use(bodyLimit(deps, { names, endpoints, pages: PAGES }))
  app.use(receiveBody)
  app.use(identify(deps, { names, origin, allowedOrigins, endpoints, pages: PAGES }))
  app.use(keyRefusals(deps))
  app.use(statedClient(deps))
  if (!isMain || admin.listen === undefined) {
    app.use(adminOnly(deps))
    app.use(mount(deps, adminEndpoints(), names))
  }
  if (isMain) {
    app.use(mount(deps, API, names))
    app.use(mountPages(deps, { names, origin }))
  }
  app.use(async (ctx) => {
    ctx.state.isPage = ctx.accepts('json', 'html') === 'html'
    throw new AuthdError('NOT_FOUND')
  })
  return app
}
