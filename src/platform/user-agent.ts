import Bowser from 'bowser'

/** `Safari on macOS`; undefined where it can't be told. Versions are frozen in user agents, so none is shown. */
export function describeUserAgent(userAgent: string | null): string | undefined {
  if (!userAgent) return undefined
  const parser = Bowser.getParser(userAgent)
  const browser = parser.getBrowserName()
  const system = parser.getOSName()
  if (browser && system) return `${browser} on ${system}`
  return browser || undefined
}
