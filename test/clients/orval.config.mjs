export default {
  authd: {
    input: './generated/openapi.json',
    output: {
      target: './generated/orval/authd.ts',
      client: 'fetch',
      override: { mutator: { path: './programs/orval-fetch.ts', name: 'send' } },
    },
  },
}
