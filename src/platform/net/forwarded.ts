import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { foldIp, isLoopback } from './ip.ts'

/** Headers that name the client: X-Forwarded-For, CF-Connecting-IP, X-Azure-ClientIP. Authd-Client-IP is for backends with a key. */
const CLIENT = /^(?!authd-)(.*-)?(for|ip|ipv[46]|clientip|addr|address)$/
const HOST = /^x-(forwarded|original)-host$/
/** Headers in which a proxy, or a client that pretends to be one, names the origin of a request. */
const FORWARDING = /^(x-)?forwarded(-.+)?$/
/** Headers that say only that a request came through others (RFC 9110 §7.6.3, RFC 8586). */
const PASSED = ['via', 'cdn-loop']

export interface Client {
  /** The address of the socket, or of the rightmost hop that is not a trusted proxy. */
  ip: string
  /** The request has such a header: the peer is a proxy, or pretends to be one. */
  isForwarded: boolean
  /** The request has such a header, but the peer is not trusted. */
  isIgnored: boolean
  /** The peer is trusted, but names no client, so every request from there has its address. */
  isNameless: boolean
  /** `Forwarded` and `X-Forwarded-For` name different clients, so the client wrote one of them. */
  isUnclear: boolean
  /**
   * The peer, the Host, and every client and host that the headers name, are this machine. A web page that points its own
   * name at this machine (DNS rebinding) has another Host.
   */
  isLocal: boolean
}

/** Finds the client of a request. The headers are removed, so that no other code can trust them. */
export function takeClient(peer: string, headers: IncomingHttpHeaders, isTrusted: (ip: string) => boolean): Client {
  const socket = foldIp(peer) ?? peer
  const written = Object.keys(headers).filter((name) => [CLIENT, HOST, FORWARDING].some((names) => names.test(name)))
  const isLocal = isLoopback(socket) && isWithinMachine(headers)
  const isFromProxy = isIP(socket) !== 0 && isTrusted(socket)
  const plain = { ip: socket, isIgnored: false, isNameless: isFromProxy && !isLocal, isUnclear: false, isLocal }
  if (written.length === 0) return { ...plain, isForwarded: false }
  const lists = [hopsOf(headers['x-forwarded-for']), standardHopsOf(headers['forwarded'])].filter(
    (hops) => hops !== undefined,
  )
  for (const name of written) delete headers[name]
  if (!isFromProxy) return { ...plain, isForwarded: true, isIgnored: true }
  const [ip = socket, other = ip] = lists.map((hops) => walk(socket, hops, isTrusted))
  return { ...plain, ip, isForwarded: true, isNameless: plain.isNameless && ip === socket, isUnclear: ip !== other }
}

/** Says whether every client and host that the headers name is this machine. The client `unknown` is not. */
function isWithinMachine(headers: IncomingHttpHeaders): boolean {
  const named = (names: RegExp) => Object.keys(headers).filter((name) => names.test(name))
  const clients = named(CLIENT).flatMap((name) => hopsOf(headers[name]) ?? [])
  clients.push(...(standardHopsOf(headers['forwarded']) ?? []))
  const hosts = ['host', ...named(HOST)].flatMap((name) => listOf(headers[name]))
  hosts.push(...standardHostsOf(headers['forwarded']))
  const isNamed = clients.length > 0 || !PASSED.some((name) => headers[name] !== undefined)
  return isNamed && clients.every((hop) => hop !== undefined && isLoopback(hop)) && hosts.every(isHostOfThisMachine)
}

/** A host, which may have a port. Browsers resolve every name below `localhost` to loopback (RFC 6761 §6.3). */
function isHostOfThisMachine(host: string): boolean {
  return /^([\w-]+\.)*localhost(:\d+)?$/i.test(host) || isLoopback(hopOf(host) ?? '')
}

function listOf(value: string | string[] | undefined): string[] {
  return value === undefined
    ? []
    : String(value)
        .split(',')
        .map((part) => part.trim())
}

/** The `host` of each element of RFC 7239. */
function standardHostsOf(value: string | undefined): string[] {
  return listOf(value).flatMap((element) => {
    const [, host] = /(?:^|;)\s*host=("[^"]*"|[^;\s]*)/i.exec(element) ?? []
    return host === undefined ? [] : [host.replace(/^"(.*)"$/, '$1')]
  })
}

/** Walks the hops from the right, for as long as they are trusted. */
function walk(peer: string, hops: readonly (string | undefined)[], isTrusted: (ip: string) => boolean): string {
  let client = peer
  for (const hop of hops.toReversed()) {
    // Hops to the left of an untrusted one may be forged.
    if (!isTrusted(client) || hop === undefined) break
    client = hop
  }
  return client
}

/** The addresses of X-Forwarded-For. A hop that is not an address is undefined. */
function hopsOf(value: string | string[] | undefined): (string | undefined)[] | undefined {
  return value === undefined ? undefined : String(value).split(',').map(hopOf)
}

/** The `for` of each element of RFC 7239. */
function standardHopsOf(value: string | undefined): (string | undefined)[] | undefined {
  return value?.split(',').map((element) => {
    const [, node] = /(?:^|;)\s*for=("[^"]*"|[^;\s]*)/i.exec(element) ?? []
    return node === undefined ? undefined : hopOf(node.replace(/^"(.*)"$/, '$1'))
  })
}

/** An address that may carry a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function hopOf(text: string): string | undefined {
  const node = text.trim()
  const [, address = node] = /^\[([^\]]*)\](?::\d+)?$/.exec(node) ?? /^([\d.]+):\d+$/.exec(node) ?? []
  return foldIp(address)
}
