import { setTimeout as wait } from 'node:timers/promises'
import { Flags } from '@oclif/core'
import { OperatorCommand, reasonFlag } from '../command.ts'
import { isInteractive, settleEnvironment } from '../top/terminal.ts'
import { TABS } from '../tui/view.ts'

/** Rates need two looks. */
const APART_MS = 1000

export default class Top extends OperatorCommand {
  static override summary = 'What happens now, on one screen; keys end sessions, block addresses and unlock people.'
  static override description =
    'In a pipe, or with --plain or --json, one look and the end. Runs on the database alone where no daemon does.'
  static override examples = [
    'authd top',
    'authd top --reason "incident 42"',
    'authd top --json | jq .requests_per_second',
  ]
  static override flags = {
    url: Flags.string({ description: 'Where the daemon listens; by default as configured.' }),
    ...reasonFlag,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Top)
    const { createLooker } = await import('../top/look.ts')
    await this.withDeps(flags, async (deps) => {
      const looker = createLooker(deps, flags.url)
      if (!isInteractive(flags)) {
        const first = await looker.look({ tabs: TABS, what: 'all' })
        if (first.scrape) await wait(APART_MS)
        const seen = first.scrape ? await looker.look({ tabs: TABS, what: 'all' }) : first
        const { snapshotLines, snapshotOf } = await import('../top/snapshot.ts')
        const snapshot = snapshotOf(seen)
        return this.output(flags).object(snapshot, snapshotLines(snapshot, seen))
      }
      settleEnvironment(flags)
      const { runTop } = await import('../top/run.ts')
      const title = new URL(deps.config.current().publicUrl).host
      const operator = { actor: (reason: string | undefined) => this.operator(reason), reason: flags.reason }
      const { stdin, stdout } = process
      const end = await runTop(deps, looker, { title, operator, stdin, stdout })
      if (end === 'interrupted') process.exitCode = 130
    })
  }
}
