import { request } from 'node:http'
import { Flags } from '@oclif/core'
import { AuthdError } from '../../errors.ts'
import { parseDuration } from '../../platform/duration.ts'
import { OperatorCommand } from '../command.ts'

export default class Healthcheck extends OperatorCommand {
  static override summary = 'Ask a running daemon whether it is well.'
  static override examples = ['authd healthcheck', 'authd healthcheck --ready --url http://127.0.0.1:3000']
  static override flags = {
    url: Flags.string({ description: 'Where it listens; by default as configured.' }),
    ready: Flags.boolean({ description: 'Ask whether it can serve a sign-in, not only whether it runs.' }),
    timeout: Flags.string({ default: '2s', description: 'How long to wait.' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Healthcheck)
    const timeout = parseDuration(flags.timeout)
    if (timeout === undefined)
      throw new AuthdError('USAGE', { message: `--timeout: "${flags.timeout}" is no duration. Write 2s.` })
    const base = flags.url ?? (await this.#configured(flags))
    const status = await ask(`${base}${flags.ready ? '/readiness' : '/health'}`, timeout)
    const isWell = status === 200
    this.output(flags).object({ status: isWell ? 'healthy' : 'unhealthy', http_status: status ?? null }, [
      isWell ? 'healthy' : `unhealthy: ${status === undefined ? `no answer from ${base}` : `HTTP ${status}`}`,
    ])
    if (!isWell) process.exitCode = 1
  }

  async #configured(flags: Parameters<OperatorCommand['loadConfig']>[0]): Promise<string> {
    const { server } = (await this.loadConfig(flags)).config
    const host = server.host === '0.0.0.0' || server.host === '::' ? '127.0.0.1' : server.host
    return `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`
  }
}

function ask(url: string, timeoutMs: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const call = request(url, { timeout: timeoutMs }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    call.on('timeout', () => call.destroy())
    call.on('error', () => resolve(undefined))
    call.end()
  })
}
