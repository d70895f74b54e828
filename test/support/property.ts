import * as fc from 'fast-check'

/** The same cases in every run. A failure prints its seed and path; SEED=… tries other cases. */
fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 20_261_125), numRuns: 300 })

export { fc }
