/** One run under way and at most one waiting. It begins later than what asked for it, so it sees the last files. */
export function coalesced(work: () => Promise<void>): { soon(): void; done(): Promise<void> } {
  let running: Promise<void> | undefined
  let isWanted = false
  const run = async () => {
    while (isWanted) {
      isWanted = false
      await work()
    }
    running = undefined
  }
  return {
    soon() {
      isWanted = true
      running ??= run()
    },
    async done() {
      await running
    },
  }
}
