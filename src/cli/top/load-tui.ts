/**
 * Only `authd top` loads the terminal interface. In the single file it is a separate bundle, and the build replaces this
 * module (tools/build/bundle.ts).
 */
export async function loadTui() {
  return await import('../tui/start.ts')
}
