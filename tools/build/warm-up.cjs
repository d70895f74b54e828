// Runs commands in the bundle, then saves V8's code cache. The cache holds the functions that ran; V8 compiles the others when they run.
'use strict'
const { readFileSync, writeFileSync } = require('node:fs')
const { setFlagsFromString } = require('node:v8')
const { Script } = require('node:vm')
const [bundlePath, cachePath, ...commands] = process.argv.slice(2)

const script = new Script(readFileSync(bundlePath, 'latin1'), { filename: 'authd.cjs' })
process.on('exit', () => {
  // Node runs with this seed, so that each build makes the same cache. The cache is accepted only under the flags that V8 sees here.
  setFlagsFromString('--hash-seed=0')
  writeFileSync(cachePath, script.createCachedData())
})
const bundle = { exports: {} }
script.runInThisContext()(bundle.exports, require, bundle, process.execPath, __dirname)
void (async () => {
  for (const command of commands) await bundle.exports.main(command.split(' '))
})()
