import Bowser from 'bowser'

/** A user agent is a stranger's text, and mails show what it says: only names that the library itself knows get through. */
const BROWSERS = new Set(Object.values(Bowser.BROWSER_MAP))
const SYSTEMS = new Set(Object.values(Bowser.OS_MAP))

/** `Safari on macOS`; undefined where it can't be told. Versions are frozen in user agents, so none is shown. */
export function describeUserAgent(userAgent: string | null): string | undefined {
  if (!userAgent) return undefined
  const parser = Bowser.getParser(userAgent)
  const browser = parser.getBrowserName()
  const system = parser.getOSName()
  if (!BROWSERS.has(browser)) return undefined
  return SYSTEMS.has(system) ? `${browser} on ${system}` : browser
}
