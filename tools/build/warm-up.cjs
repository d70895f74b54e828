// Runs commands in the bundle, then saves V8's code cache. The cache holds the functions that ran; V8 compiles the others when they run.
'use strict'
const { readFileSync, writeFileSync } = require('node:fs')
const { Script } = require('node:vm')
const [bundlePath, cachePath, ...commands] = process.argv.slice(2)

const script = new Script(readFileSync(bundlePath, 'latin1'), { filename: 'authd.cjs' })
process.on('exit', () => writeFileSync(cachePath, script.createCachedData()))
const bundle = { exports: {} }
script.runInThisContext()(bundle.exports, require, bundle, process.execPath, __dirname)
void (async () => {
  for (const command of commands) await bundle.exports.main(command.split(' '))
})()
