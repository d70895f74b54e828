import { BUILD } from '../../build-info.ts'
import { wholeDocument } from '../../http/app.ts'
import { command } from '../command.ts'
import { WITHOUT } from '../flags.ts'

export default command({
  without: [...WITHOUT.configuration, 'time'],
  examples: ['authd openapi > openapi.json'],
  async run({ out }) {
    const document = wholeDocument({ publicUrl: 'https://auth.example.com', version: BUILD.version })
    out.document(document as object, JSON.stringify(document, null, 2))
  },
})
