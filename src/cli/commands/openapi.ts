import { BUILD } from '../../build-info.ts'
import { OperatorCommand } from '../command.ts'

export default class OpenApi extends OperatorCommand {
  static override summary = 'The HTTP API as OpenAPI 3.1.'
  static override examples = ['authd openapi > openapi.json']

  async run(): Promise<void> {
    const { flags } = await this.parse(OpenApi)
    const { wholeDocument } = await import('../../http/app.ts')
    const document = wholeDocument({ publicUrl: 'https://auth.example.com', version: BUILD.version })
    this.output(flags).text(JSON.stringify(document, null, 2))
  }
}
