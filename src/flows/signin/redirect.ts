import { isPlainPath } from '../../platform/net/plain-path.ts'

/**
 * Says whether the hosted pages may send a browser there. `allowed` is `signin.redirect_urls`: an address as written, or
 * with an entry that ends in `/*` any path below it. What happens otherwise: begin.ts for the API, pages/page.ts for pages.
 */
export function isAllowedRedirect(allowed: readonly string[], address: string): boolean {
  return allowed.some((entry) => (entry.endsWith('/*') ? isBelow(entry.slice(0, -1), address) : entry === address))
}

/** The one spelling that browsers make of an address is allowed, so that all programs read the same in it. */
function isBelow(prefix: string, address: string): boolean {
  if (!address.startsWith(prefix) || /[#\\]/.test(address)) return false
  const url = URL.parse(address)
  return url?.href === address && isPlainPath(url.pathname)
}
