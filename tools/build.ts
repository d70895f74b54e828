import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildInfo } from './build/bundle.ts'
import { makeBundles, makeExecutable } from './build/executable.ts'
import { licences } from './build/licences.ts'
import { thisMachine } from './build/machine.ts'
import { measure } from './build/measure.ts'

const root = join(import.meta.dirname, '..')
const work = join(root, 'dist/parts')
const target = join(root, 'dist/authd')
const machine = thisMachine()

const files = await makeBundles(root, work, buildInfo(root))
writeFileSync(join(root, 'dist/LICENSES.txt'), licences(root, files, machine.package))
makeExecutable(work, machine, target)
console.log(await measure(target))
