import { gzipSync } from 'node:zlib'

export interface TarEntry {
  /** At most 100 bytes, without a leading slash. */
  name: string
  text: string
}

const BLOCK = 512

/**
 * A gzipped archive of texts, for their owner only, in the ustar format (POSIX.1-1988): per file one block of head and its
 * bytes in whole blocks, two empty blocks at the end. Node has no tar, and a library for one header would be larger.
 */
export function tarGz(entries: readonly TarEntry[], modifiedAt: number): Uint8Array {
  const blocks = entries.flatMap(({ name, text }) => {
    const body = Buffer.from(text)
    return [header(name, body.length, modifiedAt), body, Buffer.alloc(-body.length & (BLOCK - 1))]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]))
}

/** Numbers are octal and end with a zero byte. The checksum counts itself as spaces. */
function header(name: string, size: number, modifiedAt: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new Error(`the name ${name} is too long for an archive`)
  const head = Buffer.alloc(BLOCK)
  const octal = (value: number, digits: number, at: number) => head.write(value.toString(8).padStart(digits, '0'), at)
  head.write(name, 0)
  octal(0o600, 7, 100)
  octal(0, 7, 108)
  octal(0, 7, 116)
  octal(size, 11, 124)
  octal(Math.floor(modifiedAt / 1000), 11, 136)
  head.write('        ', 148)
  head.write('0', 156)
  head.write('ustar\0' + '00', 257)
  octal(
    head.reduce((sum, byte) => sum + byte, 0),
    6,
    148,
  )
  head.write('\0 ', 154)
  return head
}
