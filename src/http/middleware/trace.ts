import type { Context, Next } from '../request/context.ts'

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/

/** Takes the trace id from the `traceparent` of a trusted proxy (W3C Trace Context), for log and audit rows. */
export async function trace(ctx: Context, next: Next): Promise<void> {
  ctx.state.traceId = ctx.state.isFromProxy ? TRACEPARENT.exec(ctx.get('traceparent'))?.[1] : undefined
  await next()
}
