// Runs first in the single file. It answers --version itself, so that this takes no longer than an empty Node program.
'use strict'
const { argv, execPath } = process

if (argv.length === 3 && (argv[2] === '--version' || argv[2] === '-V')) {
  process.stdout.write('__VERSION__\n')
} else if (argv.length === 3 && argv[2] === '--compile-texts') {
  // The daemon starts itself with this flag to compile an operator's templates in a separate process.
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
  // Without a valid cache each start takes a tenth of a second longer. Only `NODE_DEBUG=authd` reports it.
  debuglog('authd')('code cache %s', script.cachedDataRejected ? 'refused' : 'accepted')
  const bundle = { exports: {} }
  script.runInThisContext()(bundle.exports, require, bundle, execPath, dirname(execPath))
  bundle.exports.main(argv.slice(2))
}
