import { DISK } from './disk.ts'
import type { Fault } from './fault.ts'
import { OUTSIDE } from './outside.ts'
import { POSTGRES } from './postgres.ts'
import { PROCESS } from './process.ts'
import { VERSIONS } from './versions.ts'

/** `-t disk-full` chooses one. */
export const FAULTS: Fault[] = [...PROCESS, ...DISK, ...POSTGRES, ...OUTSIDE, ...VERSIONS]
