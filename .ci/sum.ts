import { readFileSync } from 'node:fs'
import { join } from 'node:path'

// Adds up the vitest JSON reports named by the arguments. A missing report, or a test file that could not be loaded,
// counts as one failure, so that a broken run never prints `0 failed`.
const [folder = '', ...names] = process.argv.slice(2)
const sum = { passed: 0, failed: 0, skipped: 0 }
for (const name of names) {
  try {
    const report = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))
    sum.passed += report.numPassedTests
    sum.failed += report.numFailedTests
    sum.skipped += report.numPendingTests + report.numTodoTests
    if (!report.success && report.numFailedTests === 0) sum.failed += 1
  } catch {
    sum.failed += 1
  }
}
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`)
process.exitCode = sum.failed > 0 ? 1 : 0
