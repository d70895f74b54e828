/** The root help, by what an operator wants to do. A test holds it equal to the commands there are. */
export const GROUPS: { title: string; commands: Record<string, string> }[] = [
  {
    title: 'Start here',
    commands: {
      init: 'Write a configuration, a secret and a database.',
      serve: 'Run the daemon; --dev needs nothing and shows mails in the terminal.',
      healthcheck: 'Ask a running daemon whether it is well.',
    },
  },
  {
    title: 'People',
    commands: {
      'users list': 'Who is there.',
      'users show': 'One person: how they sign in, sessions, last events.',
      'users add': 'Add people.',
      'users disable': 'Keep somebody out; their sessions end.',
      'users enable': 'Let them in again.',
      'users delete': 'Remove somebody.',
      'users invite': 'Mail an invitation.',
      'users update': 'Change name, address or factor policy.',
      'users recover': 'A one-time link for somebody who cannot get in.',
      'users unlock': 'Lift what wrong codes have braked.',
      'users export': 'Everything held on one person.',
    },
  },
  {
    title: 'Second factors',
    commands: {
      'passkeys list': "A person's passkeys.",
      'passkeys rename': 'Give one another name.',
      'passkeys remove': 'Take one away.',
      'totp reset': 'Take the authenticator app away.',
      'recovery-codes reset': 'End the recovery codes.',
    },
  },
  {
    title: 'Sessions and keys',
    commands: {
      'sessions list': 'Who is signed in, and where.',
      'sessions show': 'One session.',
      'sessions revoke': 'End sessions; it counts from the next request.',
      'keys list': 'The keys that sign tokens.',
      'keys rotate': 'Publish the next key.',
      'api-keys list': 'Keys of servers that call the API.',
      'api-keys create': 'Make one; it is shown once.',
      'api-keys revoke': 'End one.',
    },
  },
  {
    title: 'Watching',
    commands: {
      'audit tail': 'What happened last; -f follows.',
      'audit list': 'What happened, by person, network, time.',
      'audit show': 'One event, with its request.',
      'audit export': 'The log as JSON lines, CSV or CEF.',
      top: 'What happens now, on one screen; keys that act.',
      status: 'Does it run, and how does it stand?',
      stats: 'Sign-ins, sessions and mails, day by day.',
      metrics: 'The numbers of a running daemon; dashboard, alerts.',
    },
  },
  {
    title: 'Defending',
    commands: {
      'ipfilter list': 'Which networks are blocked or allowed.',
      'ipfilter add': 'Block or allow networks.',
      'ipfilter remove': 'Take a rule away.',
      'ipfilter check': 'Would an address get through?',
      'ipfilter import': 'Rules from a file.',
      'ipfilter export': 'Rules into one.',
      'ipfilter prune': 'Take away what has expired.',
      'lockouts list': 'What wrong codes hold up.',
      'lockouts clear': 'Lift it, of a person or an address.',
      'ratelimit list': 'Who has used how much of the limits.',
      'ratelimit show': 'One address, mailbox, session or key.',
      'ratelimit reset': 'Forget what was counted for it.',
      explain: 'Why somebody can or cannot sign in.',
      lockdown: 'Sign everybody out, stop sign-ups and mails.',
    },
  },
  {
    title: 'Mail and webhooks',
    commands: {
      'email test': 'Send a test mail, step by step.',
      'email preview': 'A mail as people get it.',
      'email queue': 'What waits, was sent or failed.',
      'email retry': 'Send mails again now.',
      'email cancel': 'Stop mails that wait.',
      'email pause': 'Hold all mail back.',
      'email resume': 'Send it again.',
      'suppressions list': 'Addresses that get no mail now.',
      'suppressions clear': 'Let them be mailed again.',
      'templates eject': 'Copy the templates of mails, to change them.',
      'templates sentences': 'What pages and mails say, by key.',
      'templates check': 'Are your own templates right?',
      'webhooks list': 'The endpoints that get events.',
      'webhooks show': 'One of them.',
      'webhooks add': 'Send events to an address.',
      'webhooks update': 'Change, pause or resume one.',
      'webhooks remove': 'Take one away.',
      'webhooks test': 'Send it an event, and see what it answers.',
      'webhooks deliveries': 'Which events went where, and which failed.',
      'webhooks redeliver': 'Send deliveries again.',
      'webhooks rotate-secret': 'A new secret; both sign for a while.',
    },
  },
  {
    title: 'Configuration and database',
    commands: {
      'settings list': 'What can be set while authd runs.',
      'settings get': 'One of them.',
      'settings set': 'Set it, in every instance.',
      'settings unset': 'Take it away again.',
      'config check': 'Is the configuration right?',
      'config show': 'What is in force, and where it comes from.',
      'config path': 'Which file is read.',
      'config reference': 'Every key, or one.',
      'config env': 'Every environment variable.',
      'migrate up': 'Bring the database up to date.',
      'migrate status': 'Which migrations it has.',
      'service install': 'Make it a service of systemd.',
      'service print': 'The unit that it would write.',
      'service status': 'What systemd says of it.',
      'service uninstall': 'Stop it and take the unit away.',
    },
  },
  {
    title: 'Other',
    commands: {
      version: 'Version, commit, Node, SQLite.',
      openapi: 'The HTTP API as OpenAPI 3.1.',
      completion: 'A completion script for bash, zsh or fish.',
    },
  },
]

/** `authd help TOPIC`. */
export const TOPICS: Record<string, string> = {
  'exit-codes': `Exit codes

  0    done, yes, healthy
  1    a negative answer, or an operation that ran and failed
  64   bad flag, argument or command; a confirmation is missing
  65   input that is not valid, or a name that is not clear
  66   a named input file is missing
  67   the user, session or key named does not exist
  69   database, mail server or daemon cannot be reached
  70   a bug
  73   the output exists already
  75   try again later: the database is busy
  77   not allowed: file modes, or not the right user
  78   the configuration is not valid, or migrations are pending
  130  ended by Ctrl-C; 143 by SIGTERM`,
  environment: `Environment

  AUTHD_CONFIG            the configuration file
  AUTHD_<SECTION>_<KEY>   any key of the configuration; …_FILE reads a secret from a file
  NO_COLOR                no colour
  XDG_STATE_HOME          where reports of crashes go

  authd config env lists every variable.`,
  formatting: `Output

  On a terminal: tables, relative times, hints on stderr.
  In a pipe, or with --plain: tab-separated, no header (--header), RFC 3339 times.
  --json    one document; lists are {"data": […], "next_cursor": …, "total": n}
  --jsonl   one object a line
  --fields id,email   only these
  Errors are on stderr; with --json as one line {"error": {"code", "message", …, "exit_code"}}.`,
}
