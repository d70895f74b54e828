/**
 * What draws is loaded by `authd top` alone. From source; in the single file it is a bundle of its own, and this module
 * is replaced (tools/build/bundle.ts).
 */
export async function loadTui() {
  return await import('../tui/start.ts')
}
