import { execFileSync } from 'node:child_process'

/** Installs the linters and generators. They are many packages, so they are not among those of the project. */
export default function install(): void {
  execFileSync('npm', ['ci'], { cwd: import.meta.dirname, stdio: 'inherit' })
}
