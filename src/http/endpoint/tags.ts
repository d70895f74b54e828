/** The subjects of the API, in the order of the OpenAPI document. */
export const TAGS = {
  'Sign-in': 'Sign in by mail, passkey or authenticator app. An attempt collects proofs until it is complete.',
  'Step-up': 'Confirm a session with a fresh proof, before it changes factors, address or account.',
  Sessions: 'The signed-in user and session, and signing out.',
  Me: 'What signed-in users read and change about themselves.',
  Tokens: 'Access and refresh tokens, and what verifies them.',
  Webhooks: 'Events that authd posts to webhook endpoints. An endpoint gets the types in its `events`.',
  Documents: 'Public documents.',
  Probes: 'Whether the daemon is alive and ready.',
  'Admin: users': 'Users, and lockouts after wrong codes.',
  'Admin: sessions': 'The sessions of users.',
  'Admin: audit': 'The audit log.',
  'Admin: stats': 'Counts.',
  'Admin: mail': 'The mail queue, and suppressed addresses.',
  'Admin: webhooks': 'Webhook endpoints and deliveries.',
  'Admin: IP filter': 'Rules that allow or block networks.',
  'Admin: settings': 'Live settings.',
} as const satisfies Record<string, string>

export type Tag = keyof typeof TAGS
