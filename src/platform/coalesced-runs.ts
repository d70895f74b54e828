/**
 * Allows one run at a time, and at most one that waits. The waiting run starts after every request for it, so it reads
 * the newest files.
 */
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
