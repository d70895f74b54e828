import type { Daemon, Shell } from '../../support/cli.ts'
import type { CodeSink } from '../../support/code-sink.ts'

/** One way in which the world fails, and what authd promises meanwhile. */
export interface Fault {
  name: string
  /** The programs it needs, each with the package of Debian that has it. */
  needs?: Record<string, string>
  /** One sentence, printed. */
  promise: string
  /** Answers that requests may get while it lasts; `-` where none came. */
  may: string[]
  /** What each door names while it lasts. Undefined where nothing of authd's is wrong. */
  told?: { what: string; reason: RegExp; notIn?: string }
  /** Sets up the world around a daemon that has not started. */
  prepare(place: Place): Promise<Prepared>
}

export interface Place {
  shell: Shell
  sink: CodeSink
}

export interface Prepared {
  /** Lines of the configuration: whole tables. */
  toml?: string[]
  /** For the daemon and for commands. */
  env?: Record<string, string>
  /** Which program `start` runs from now on. Defaults to the one under test. */
  program?(): string
  /** In place of that of the sink. */
  smtpPort?: number
  /** Called once the daemon runs. */
  ready?(running: Running): Promise<void>
  hurt(running: Running): Promise<void> | void
  heal(running: Running): Promise<void> | void
  /** Further claims after all is well again, one line for each that is broken. */
  judge?(running: Running, acknowledged: number): Promise<string[]>
}

export interface Running {
  daemon(): Daemon
  /** Starts it again after it ended. */
  start(): Promise<void>
  /** Where the load goes, in turns. A fault may add an instance. */
  urls: string[]
  config: string
  /** Runs a command in the same place. Returns what it printed. */
  command(...args: string[]): Promise<string>
}
