import { SMTPServer } from 'smtp-server'

/** A mail server for load: it keeps codes, and no mails. */
export interface CodeSink {
  port: number
  /** The code mailed to this address since the last call. Resolves when the mail arrives. */
  codeFor(email: string): Promise<string>
  /** The mails so far. */
  count(): number
  /** Defers every second mail with 451. */
  isMoody: boolean
  close(): void
}

/** Accepts every mail and keeps the newest code for each address. */
export async function startCodeSink(): Promise<CodeSink> {
  const codes = new Map<string, string>()
  let received = 0
  let offered = 0
  const waiting = new Map<string, (code: string) => void>()
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    onData(stream, { envelope }, done) {
      let text = ''
      stream.setEncoding('utf8').on('data', (part) => {
        text += part
      })
      stream.on('end', () => {
        offered += 1
        if (sink.isMoody && offered % 2 === 0)
          return done(Object.assign(new Error('4.7.1 greylisted'), { responseCode: 451 }))
        received += 1
        const email = envelope.rcptTo[0]?.address ?? ''
        const code = /^Subject: (\d{6})/m.exec(text)?.[1] ?? ''
        const waits = waiting.get(email)
        waiting.delete(email)
        if (waits) waits(code)
        else codes.set(email, code)
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.server.address()
  const sink: CodeSink = {
    isMoody: false,
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    codeFor: (email: string) => {
      const code = codes.get(email)
      codes.delete(email)
      return code === undefined ? new Promise<string>((resolve) => waiting.set(email, resolve)) : Promise.resolve(code)
    },
    count: () => received,
    close: () => server.close(),
  }
  return sink
}
