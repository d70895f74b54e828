import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'

export interface Target {
  pid: number
  call(
    method: string,
    path: string,
    options?: { json?: object; bearer?: string },
  ): Promise<{ status: number; body: string }>
  /** The code mailed to this address; resolves when the mail has come. */
  codeFor(email: string): Promise<string>
  stop(): Promise<void>
}

const BUILT = join(import.meta.dirname, '../../dist/authd')
const SOURCE = join(import.meta.dirname, '../../bin/authd.js')
const PORT = 23_000 + (process.pid % 5000)

/** authd as it is shipped (from source where nothing is built), with a scratch folder and a mail server of its own. */
export async function startTarget(): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'authd-bench-'))
  const mails = await startSink()
  const config = join(folder, 'config.toml')
  await writeFile(
    config,
    `public_url = "http://localhost:${PORT}"\ndata_dir = "data"\n[server]\nport = ${PORT}\n[mail]\nfrom = "bench@example.com"\n` +
      `[smtp]\nhost = "127.0.0.1"\nport = ${mails.port}\ntls = "none"\n`,
  )
  const child = spawn(existsSync(BUILT) ? BUILT : SOURCE, ['serve', '--config', config], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await listening(child)
  // The log goes on coming, and has to be read.
  child.stdout?.resume()
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  return {
    pid: child.pid ?? 0,
    call: (method, path, { json, bearer } = {}) => call(agent, method, path, json, bearer),
    codeFor: mails.codeFor,
    async stop() {
      agent.destroy()
      child.kill('SIGTERM')
      await once(child, 'close')
      mails.close()
      await rm(folder, { recursive: true })
    },
  }
}

function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = ''
    child.stdout?.on('data', (text) => {
      printed += String(text)
      if (printed.includes('"listening"')) resolve()
    })
    child.on('exit', () => reject(new Error(`authd did not start:\n${printed}`)))
  })
}

function call(agent: Agent, method: string, path: string, json: object | undefined, bearer: string | undefined) {
  const text = json === undefined ? '' : JSON.stringify(json)
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const headers = {
      ...(json !== undefined && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
      ...(bearer !== undefined && { Authorization: `Bearer ${bearer}` }),
    }
    const sent = request({ agent, host: '127.0.0.1', port: PORT, method, path, headers }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (part) => {
        body += part
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    sent.on('error', reject)
    sent.end(text)
  })
}

/** Takes every mail, and keeps the code of the newest to each address. */
async function startSink() {
  const codes = new Map<string, string>()
  const waiting = new Map<string, (code: string) => void>()
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    onData(stream, { envelope }, done) {
      simpleParser(stream).then((mail) => {
        const email = envelope.rcptTo[0]?.address ?? ''
        const code = /\d{6}/.exec(mail.subject ?? '')?.[0] ?? ''
        codes.set(email, code)
        waiting.get(email)?.(code)
        done()
      }, done)
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.server.address()
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    codeFor: (email: string) => {
      const code = codes.get(email)
      return code === undefined ? new Promise<string>((resolve) => waiting.set(email, resolve)) : Promise.resolve(code)
    },
    close: () => server.close(),
  }
}
