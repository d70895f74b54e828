export interface Topic {
  title: string
  /** What is explained, and its meaning. */
  entries: readonly (readonly [string, string])[]
  /** A last sentence. */
  after?: string
}

/** The texts of `authd help TOPIC`. authd(1) has them, too. */
export const TOPICS: Record<string, Topic> = {
  'exit-codes': {
    title: 'Exit codes',
    entries: [
      ['0', 'done, yes, healthy'],
      ['1', 'the answer is no, or an operation ran and failed'],
      ['64', 'bad flag, argument or command; a confirmation is missing'],
      ['65', 'invalid input, or an ambiguous name'],
      ['66', 'a named input file does not exist'],
      ['67', 'the user, session or key named does not exist'],
      ['69', 'database, mail server or daemon cannot be reached'],
      ['70', 'a bug'],
      ['73', 'the output file exists already'],
      ['74', 'reading or writing failed half-way'],
      ['75', 'try again later: the database is busy'],
      ['77', 'not permitted: file modes, or the wrong user'],
      ['78', 'invalid configuration, or pending migrations'],
      ['130', 'ended by Ctrl-C'],
      ['143', 'ended by SIGTERM'],
    ],
  },
  environment: {
    title: 'Environment',
    entries: [
      ['AUTHD_CONFIG', 'the configuration file'],
      ['AUTHD_<SECTION>_<KEY>', 'any configuration key; …_FILE reads it from a file'],
      ['NO_COLOR', 'no colour'],
      ['XDG_STATE_HOME', 'folder for crash reports'],
    ],
    after: 'authd config env lists every variable.',
  },
  formatting: {
    title: 'Output',
    entries: [
      ['on a terminal', 'tables, relative times, hints on stderr'],
      ['in a pipe, or with --plain', 'tab-separated, no header (--header), RFC 3339 times'],
      ['--json', 'one document; lists are {"data": […], "next_cursor": …, "total": n}'],
      ['--jsonl', 'one object per line'],
      ['several names, or -', 'with --json a list; one name alone is one object, but with - always a list'],
      ['--fields id,email', 'only these fields; an unknown one is refused before anything changes'],
      ['-n', 'what a command would do; nothing is changed'],
    ],
    after: 'Errors go to stderr; with --json as one line {"error": {"code", "message", …, "exit_code"}}.',
  },
}
