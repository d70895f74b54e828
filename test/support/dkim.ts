import { createHash, type KeyLike, verify } from 'node:crypto'

export interface DkimResult {
  domain: string | undefined
  selector: string | undefined
  algorithm: string | undefined
  /** In lower case. */
  signedHeaders: string[]
  isBodyWhole: boolean
  isSignatureRight: boolean
}

/** Verifies the first DKIM-Signature of a mail, relaxed/relaxed (RFC 6376 §6.1). Returns undefined without one. */
export function checkDkim(raw: string, publicKey: KeyLike): DkimResult | undefined {
  const end = raw.indexOf('\r\n\r\n')
  const headers = raw.slice(0, end).split(/\r\n(?![ \t])/)
  const signature = headers.find((header) => /^dkim-signature:/i.test(header))
  if (signature === undefined) return undefined
  const tags = new Map(
    signature
      .slice(signature.indexOf(':') + 1)
      .split(';')
      .map((tag) => [tag.slice(0, tag.indexOf('=')).trim(), tag.slice(tag.indexOf('=') + 1).trim()]),
  )
  const signedHeaders = (tags.get('h') ?? '').toLowerCase().split(/\s*:\s*/)
  const left = [...headers]
  const signed = signedHeaders.map((name) => {
    const index = left.findLastIndex((header) => header.toLowerCase().startsWith(`${name}:`))
    return index < 0 ? '' : `${relaxed(left.splice(index, 1)[0] ?? '')}\r\n`
  })
  const unsigned = relaxed(signature.replace(/([;\s]b=)[^;]*/, '$1'))
  const proof = Buffer.from((tags.get('b') ?? '').replace(/\s/g, ''), 'base64')
  return {
    domain: tags.get('d'),
    selector: tags.get('s'),
    algorithm: tags.get('a'),
    signedHeaders,
    isBodyWhole:
      tags.get('bh') ===
      createHash('sha256')
        .update(relaxedBody(raw.slice(end + 4)))
        .digest('base64'),
    isSignatureRight: verify('sha256', Buffer.from(`${signed.join('')}${unsigned}`), publicKey, proof),
  }
}

function relaxed(header: string): string {
  const colon = header.indexOf(':')
  const value = header
    .slice(colon + 1)
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ')
    .trim()
  return `${header.slice(0, colon).trim().toLowerCase()}:${value}`
}

function relaxedBody(body: string): string {
  const lines = body.replace(/[ \t]+/g, ' ').replace(/ (?=\r\n|$)/g, '')
  return `${lines.replace(/(\r\n)+$/, '')}\r\n`
}
