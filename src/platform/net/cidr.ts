import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

export interface Cidr {
  /** The canonical text: `203.0.113.0/24`, `2001:db8::/32`. A single address has its full length, `/32` or `/128`. */
  text: string
  family: 4 | 6
  bits: number
}

/**
 * Parses an address or a network. `hasHostBits`: the address has bits beyond the network, which is usually a mistake.
 */
export function parseCidr(text: string): { cidr: Cidr; hasHostBits: boolean } | undefined {
  const [address = '', bitsText, ...rest] = text.trim().split('/')
  if (isIP(address) === 0 || address.includes('%') || rest.length > 0) return undefined
  const mapped = /^::ffff:/i.test(address) && ipaddr.process(address).kind() === 'ipv4'
  const parsed = ipaddr.process(address)
  const family = parsed.kind() === 'ipv4' ? 4 : 6
  const widest = family === 4 ? 32 : 128
  if (bitsText !== undefined && !/^\d{1,3}$/.test(bitsText)) return undefined
  const bits = bitsText === undefined ? widest : Number(bitsText) - (mapped ? 96 : 0)
  if (bits < 0 || bits > widest) return undefined
  const kind = family === 4 ? ipaddr.IPv4 : ipaddr.IPv6
  const network = kind.networkAddressFromCIDR(`${parsed.toString()}/${bits}`)
  return {
    cidr: { text: `${network.toString()}/${bits}`, family, bits },
    hasHostBits: network.toString() !== parsed.toString(),
  }
}

/** Finds the networks that contain an address, the longest first, in microseconds for any number of networks. */
export class CidrTable<Value> {
  /** `4/24` → the first 24 bits → the values of that network. */
  readonly #byLength = new Map<string, Map<string, Value[]>>()
  readonly #lengths: Record<4 | 6, number[]> = { 4: [], 6: [] }

  add({ text, family, bits }: Cidr, value: Value): void {
    const length = `${family}/${bits}`
    let networks = this.#byLength.get(length)
    if (!networks) {
      networks = new Map()
      this.#byLength.set(length, networks)
      this.#lengths[family] = [...this.#lengths[family], bits].sort((left, right) => right - left)
    }
    const key = prefixOf(bytesOf(text.slice(0, text.indexOf('/'))), bits)
    const here = networks.get(key)
    if (here) here.push(value)
    else networks.set(key, [value])
  }

  /** The values of each network that contains the address. */
  *matches(ip: string): Iterable<Value[]> {
    const version = isIP(ip)
    if (version === 0) return
    const family = version === 4 ? 4 : 6
    const bytes = bytesOf(ip)
    for (const bits of this.#lengths[family]) {
      const found = this.#byLength.get(`${family}/${bits}`)?.get(prefixOf(bytes, bits))
      if (found) yield found
    }
  }
}

function bytesOf(ip: string): number[] {
  return isIP(ip) === 4 ? ip.split('.').map(Number) : ipaddr.parse(ip).toByteArray()
}

/** Returns the first `bits` bits as a string, so that two prefixes can be compared as strings. */
function prefixOf(bytes: number[], bits: number): string {
  const whole = bits >> 3
  const rest = bits & 7
  const head = String.fromCharCode(...bytes.slice(0, whole))
  return rest === 0 ? head : head + String.fromCharCode((bytes[whole] ?? 0) & (0xff << (8 - rest)))
}
