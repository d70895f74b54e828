import { setTimeout as wait } from 'node:timers/promises'
import { operation } from '../command.ts'
import { daemonUrlFlag, reasonFlag, refuseFlags } from '../flags.ts'
import { isInteractive, settleEnvironment } from '../top/interactive.ts'
import { runTop } from '../top/live-view.ts'
import { createLooker } from '../top/refresh.ts'
import { snapshotLines, snapshotOf } from '../top/snapshot.ts'
import { TABS } from '../tui/screen-data.ts'

/** Rates need two samples. Milliseconds. */
const APART_MS = 1000

export default operation({
  description:
    'Keys end sessions, block addresses and unlock users. In a pipe, or with --plain or --json, it prints one sample and ends. Without a running daemon it reads the database alone.',
  examples: ['authd top', 'authd top --reason "incident 42"', 'authd top --json | jq .requests_per_second'],
  flags: {
    url: daemonUrlFlag({ description: 'Address of the daemon. Defaults to the configured one.' }),
    ...reasonFlag,
  },
  async run(deps, { flags, out, actor }) {
    const looker = createLooker(deps, flags.url)
    if (!isInteractive(flags)) {
      const first = await looker.look({ tabs: TABS, what: 'all' })
      if (first.scrape) await wait(APART_MS)
      const seen = first.scrape ? await looker.look({ tabs: TABS, what: 'all' }) : first
      const snapshot = snapshotOf(seen)
      return out.object(
        snapshot,
        snapshotLines(snapshot, seen, (time) => out.moment(time)),
      )
    }
    refuseFlags({ ...flags }, ['time'], 'the screen has times of its own. Add --plain.')
    settleEnvironment()
    const title = new URL(deps.config.current().publicUrl).host
    const withReason = (reason: string | undefined) =>
      reason === undefined ? actor : { ...actor, metadata: { ...actor.metadata, reason } }
    const operator = { actor: withReason, reason: flags.reason }
    const { stdin, stdout } = process
    const end = await runTop(deps, looker, { title, operator, stdin, stdout })
    if (end === 'interrupted') process.exitCode = 130
  },
})
