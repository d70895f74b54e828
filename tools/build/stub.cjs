// The first thing that runs in the single file. It answers --version itself, so that this costs what an empty Node costs.
'use strict'
const { argv, execPath } = process

if (argv.length === 3 && (argv[2] === '--version' || argv[2] === '-V')) {
  process.stdout.write('__VERSION__\n')
} else if (argv.length === 3 && argv[2] === '--compile-texts') {
  // The daemon starts itself with this for an operator's templates: what compiles them is no part of the program proper.
  const { getRawAsset } = require('node:sea')
  const { runInThisContext } = require('node:vm')
  const { gunzipSync } = require('node:zlib')
  const source = gunzipSync(Buffer.from(getRawAsset('texts.cjs.gz'))).latin1Slice()
  const bundle = { exports: {} }
  runInThisContext(source, { filename: 'texts.cjs' })(bundle.exports, require, bundle, execPath, '/')
  void bundle.exports.main()
} else {
  const { dirname } = require('node:path')
  const { getRawAsset } = require('node:sea')
  const { debuglog } = require('node:util')
  const { Script } = require('node:vm')
  const source = Buffer.from(getRawAsset('authd.cjs')).latin1Slice()
  const script = new Script(source, { filename: 'authd.cjs', cachedData: Buffer.from(getRawAsset('authd.cache')) })
  // A refused cache costs a tenth of a second at each start and nothing else: only `NODE_DEBUG=authd` says so.
  debuglog('authd')('code cache %s', script.cachedDataRejected ? 'refused' : 'accepted')
  const bundle = { exports: {} }
  script.runInThisContext()(bundle.exports, require, bundle, execPath, dirname(execPath))
  bundle.exports.main(argv.slice(2))
}
