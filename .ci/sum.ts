import { readFileSync } from 'node:fs'
import { join } from 'node:path'

// Adds up vitest's JSON reports, named by the arguments. A report that is missing, or a file that could not even be
// loaded, counts as one failure: nothing that went wrong may read as `0 failed`.
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
