import { text } from 'node:stream/consumers'
import { type CommandLine, type Ran, runCommandLine } from './command.ts'

// Runs command lines one after another, as the user who starts this program. They are JSON on stdin, the ends on stdout.
const lines = JSON.parse(await text(process.stdin)) as CommandLine[]
const ran: Ran[] = []
for (const line of lines) ran.push(await runCommandLine(line))
process.stdout.write(JSON.stringify(ran))
