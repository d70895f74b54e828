import { BUILD } from '../../build-info.ts'
import { wholeDocument } from '../../http/app.ts'
import { command } from '../command.ts'

export default command({
  examples: ['authd openapi > openapi.json'],
  async run({ out }) {
    const document = wholeDocument({ publicUrl: 'https://auth.example.com', version: BUILD.version })
    out.text(JSON.stringify(document, null, 2))
  },
})
