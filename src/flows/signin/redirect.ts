/**
 * Says whether the hosted pages may send a browser there. `allowed` is `signin.redirect_urls`: an address as written, or
 * with an entry that ends in `/*` any path below it.
 */
export function isAllowedRedirect(allowed: readonly string[], address: string): boolean {
  return allowed.some((entry) => (entry.endsWith('/*') ? isBelow(entry.slice(0, -1), address) : entry === address))
}

/**
 * What a server behind the origin might read as another path: dots, slashes, backslashes and control characters that are
 * encoded, however often and in however many bytes; an empty segment; and dots with parameters, which some servers drop.
 */
const DISGUISED = /%(?:25)*(?:2[ef]|5c|[01][0-9a-f]|7f|c[01]|e0%(?:25)*[89])|\/\/|\/\.{1,2};/i

/** The one spelling that browsers make of an address is allowed, so that all programs read the same in it. */
function isBelow(prefix: string, address: string): boolean {
  if (!address.startsWith(prefix) || /[#\\]/.test(address)) return false
  const url = URL.parse(address)
  return url?.href === address && !DISGUISED.test(url.pathname)
}
