import Bowser from 'bowser'

/** Mails show the browser, and a user agent may contain any text. So only names that the library knows are used. */
const BROWSERS = new Set(Object.values(Bowser.BROWSER_MAP))
const SYSTEMS = new Set(Object.values(Bowser.OS_MAP))

/** `Safari on macOS`, or undefined if unknown. It has no versions, because browsers no longer send the real ones. */
export function describeUserAgent(userAgent: string | null): string | undefined {
  if (!userAgent) return undefined
  const parser = Bowser.getParser(userAgent)
  const browser = parser.getBrowserName()
  const system = parser.getOSName()
  if (!BROWSERS.has(browser)) return undefined
  return SYSTEMS.has(system) ? `${browser} on ${system}` : browser
}
